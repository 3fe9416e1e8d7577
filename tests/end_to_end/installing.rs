//! A plug-in is tried before it is installed, and what it replaces can be had back.

use std::path::PathBuf;

use crate::client::TestClient;
use crate::fixtures::{Fixture, WRITE};
use crate::home::TestHome;
use crate::operator::{PLUGIN, version};
use crate::program::Finished;
use crate::server::Server;

const ALIAS: &str = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator";

/// A file outside of the home.
fn file(folder: &tempfile::TempDir, name: &str, component: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, component).unwrap();
    path
}

fn install(home: &TestHome, options: &[&str], file: &std::path::Path) -> Finished {
    home.dropins(&[&["plugin", "install"], options, &[file.to_str().unwrap()]].concat())
}

/// A plug-in under the name of the shipped one that panics on garbage.
pub(crate) fn panicking() -> Vec<u8> {
    let fixture = Fixture::named(PLUGIN).alias(ALIAS).section(&format!("{PLUGIN}\n{ALIAS}")).undiscerning();
    let fixture = fixture.reads(&["form:client_assertion"]).text("panicked at src/lib.rs:34:48");
    fixture.authenticate(&format!("{WRITE} (unreachable)")).component()
}

#[test]
fn a_plug_in_that_the_next_start_would_refuse_is_not_installed_and_nothing_changes() {
    let (home, folder) = (TestHome::new(), tempfile::tempdir().unwrap());
    let good = std::fs::read(home.dropin(&format!("{PLUGIN}.wasm"))).unwrap();
    let bad = file(&folder, "bad.wasm", &panicking());
    let reasons = ["is not installed", "it wrote: panicked at src/lib.rs:34:48", "client_assertion \"garbage"];
    let said = install(&home, &[], &bad).failed(&reasons);
    assert!(!said.stderr.contains("wasm function") && said.stderr.lines().all(|line| line.len() < 500), "{said:?}");
    let server = Server::start(&home);
    install(&home, &[], &bad).failed(&reasons);
    assert_eq!(std::fs::read(home.dropin(&format!("{PLUGIN}.wasm"))).unwrap(), good);
    assert!(!home.path("repository/components/kept").exists());
    assert_eq!(server.admin_get("/status").json()["generation"], 1);
    drop(server);

    let forced = install(&home, &["--force"], &bad).succeeded().stdout;
    assert!(forced.contains("next start"), "{forced}");
    home.dropins(&["check"]).failed(&["garbage"]);
    let kept: Vec<_> = std::fs::read_dir(home.path("repository/components/kept")).unwrap().collect();
    let kept = kept[0].as_ref().unwrap().path();
    assert_eq!(std::fs::read(&kept).unwrap(), good, "the bytes that it replaced");
    install(&home, &[], &kept).succeeded();
    home.dropins(&["check"]).succeeded();
}

#[test]
fn a_rollback_outlives_a_restart_and_a_file_that_differs_from_what_is_live_is_marked() {
    let (home, folder) = (TestHome::new(), tempfile::tempdir().unwrap());
    let client = TestClient::register(&home, "app");
    let live = |server: &Server| server.admin_get("/status").json()["plugins"][0]["digest"].clone();
    let server = Server::start(&home);
    let first = live(&server);
    install(&home, &[], &file(&folder, "new.wasm", &version(1))).succeeded();
    assert_ne!(live(&server), first);
    home.dropins(&["plugin", "rollback"]).succeeded();
    assert_eq!(live(&server), first);
    drop(server);
    let server = Server::start(&home);
    assert_eq!(live(&server), first);
    server.authenticate(&client.mint()).token();

    std::fs::write(home.dropin(&format!("{PLUGIN}.wasm")), panicking()).unwrap();
    home.dropins(&["reload"]).failed(&["stays live"]);
    let listed = home.dropins(&["plugin", "list"]).succeeded().stdout;
    assert!(listed.contains("live, file differs"), "{listed}");
}

#[test]
fn a_plug_in_that_no_listener_names_is_installed_with_the_entry_to_add() {
    let (home, folder) = (TestHome::new(), tempfile::tempdir().unwrap());
    let fixture = Fixture::named("api_key").section("api_key").component();
    let said = install(&home, &[], &file(&folder, "api_key.wasm", &fixture)).succeeded().stdout;
    let (_, entry) = said.split_once("[[event_listener]]").unwrap_or_else(|| panic!("{said}"));
    let entry = entry.split("\n\n").next().unwrap();
    let server = Server::start(&home);
    assert_eq!(server.admin_get("/status").json()["inactive"][0]["name"], "api_key");
    drop(server);
    home.append(&format!("[[event_listener]]{entry}"));
    let server = Server::start(&home);
    assert_eq!(server.admin_get("/status").json()["plugins"].as_array().unwrap().last().unwrap()["name"], "api_key");
}

#[test]
fn assertions_of_other_issuers_are_left_where_a_plug_in_for_them_is_enabled() {
    let home = TestHome::new();
    home.detail_errors();
    let client = TestClient::register(&home, "app");
    let foreign = || client.assertion().claim("iss", "https://issuer.example").sign();
    let server = Server::start(&home);
    let judged = |server: &Server| server.authenticate(&foreign()).body.contains("issuer-subject-mismatch");
    assert!(judged(&server), "no entry enables it");
    drop(server);
    home.replace("order = 901\nenable = false", "order = 901\nenable = true");
    let server = Server::start(&home);
    assert!(!judged(&server));
    server.authenticate(&client.mint()).token();
    drop(server);
    let property = "PreventTokenReuse = true";
    home.replace(property, &format!("{property}\nForeignIssuers = \"refuse\""));
    let answer = Server::start(&home).authenticate(&foreign());
    assert_eq!(answer.status, 400, "the entry says otherwise, so two plug-ins claim it: {answer:?}");
}

#[test]
fn without_a_server_the_list_is_in_order_and_shows_entries_without_a_component() {
    let home = TestHome::new();
    home.dropins(&["plugin", "remove", "--force", PLUGIN]).succeeded();
    let listed = home.dropins(&["plugin", "list", "--json"]).succeeded().json();
    let rows: Vec<_> =
        listed.as_array().unwrap().iter().map(|row| (&row["order"], row["state"].as_str().unwrap())).collect();
    let expected = [(&899.into(), "missing"), (&900.into(), "enabled"), (&901.into(), "disabled")];
    assert_eq!(rows, expected, "{listed}");
}
