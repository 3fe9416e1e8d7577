//! Changes of a running server's home: live without a command, or rejected with the old state untouched.

use std::path::PathBuf;

use serde_json::Value;

use crate::client::{TestClient, now};
use crate::home::TestHome;
use crate::http::Http;
use crate::keys::generate;
use crate::program::{DROPINS, Finished, command, run};
use crate::server::Server;
use crate::wait::until;

const PLUGIN: &str = "private_key_jwt_authenticator";

/// The status document.
fn status(home: &TestHome) -> Value {
    home.dropins(&["status", "--json"]).succeeded().json()
}

fn generation(server: &Server) -> u64 {
    server.admin_get("/status").json()["generation"].as_u64().unwrap()
}

/// The digest of the component that serves.
fn digest(server: &Server) -> String {
    let status = server.admin_get("/status").json();
    let mut plugins = status["plugins"].as_array().unwrap().iter();
    plugins.find(|plugin| plugin["name"] == PLUGIN).unwrap()["digest"].as_str().unwrap().to_owned()
}

/// The installed component with another digest and the same behaviour, in a file outside of the home: an empty custom
/// section makes the difference.
fn variant(home: &TestHome, folder: &tempfile::TempDir, name: &str) -> PathBuf {
    let mut bytes = std::fs::read(home.dropin(&format!("{PLUGIN}.wasm"))).unwrap();
    bytes.extend([0, 3, 2, b'v', b'2']);
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

fn install(home: &TestHome, file: &std::path::Path) -> Finished {
    home.dropins(&["plugin", "install", file.to_str().unwrap()])
}

#[test]
fn changes_of_the_file_take_effect_without_a_word() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let old = || client.assertion().claim("iat", now() - 101 * 60).sign();
    server.authenticate(&old()).token();
    home.replace("RejectBeforeInMinutes = 300", "RejectBeforeInMinutes = \"100\"");
    until("the property is in force", || (server.authenticate(&old()).status == 401).then_some(()));
    server.authenticate(&client.mint()).token();

    let late = TestClient::register(&home, "late");
    until("the client is known", || (server.authenticate(&late.mint()).status == 200).then_some(()));
    home.detail_errors();
    let detailed = || server.authenticate(&old()).body.contains("too-old");
    until("errors are detailed", || detailed().then_some(()));

    let key = crate::client::TestClient::unregistered(&home, "app");
    let jwks = serde_json::json!({ "keys": [key.key.public_jwk()] });
    std::fs::write(home.conf("app.jwks.json"), jwks.to_string()).unwrap();
    until("the new key is in force", || (server.authenticate(&key.mint()).status == 200).then_some(()));
    server.authenticate(&client.mint()).error(401, "invalid_client");
    let calls = server.admin_get("/status").json()["plugins"][0]["calls"].as_u64().unwrap();
    assert!(calls >= 8, "an unchanged component counts on in later generations: {calls}");
}

#[test]
fn log_limits_and_certificate_follow_the_files() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    home.replace("format = \"human\"", "format = \"json\"");
    home.append("[limits]\nmemory = \"20MiB\"");
    let line = server.logged("published");
    assert!(line.starts_with('{'), "{line}");
    server.authenticate(&client.mint()).token();

    let other = TestHome::cold();
    for file in ["tls-certificate.pem", "tls-key.pem"] {
        let file = format!("repository/resources/security/{file}");
        std::fs::copy(other.path(&file), home.path(&file)).unwrap();
    }
    home.dropins(&["reload"]).succeeded();
    let http = Http::new(home.https, &other.authority());
    assert_eq!(http.send(server.token_request(&[])).status, 400, "new connections have the new certificate");
}

#[test]
fn a_broken_file_changes_nothing_and_every_report_says_why() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let good = home.deployment();
    home.replace("timestamp_skew = \"30s\"", "timestamp_skew = \"soon\"");
    server.logged("candidate rejected");
    let place = format!("deployment.toml:{}", home.position("\"soon\""));
    server.authenticate(&client.mint()).token();
    let text = home.dropins(&["status"]).succeeded().stdout;
    assert!(text.contains("rejected") && text.contains(&place), "{text}");
    home.dropins(&["reload"]).failed(&["generation 1 stays live", &place, "timestamp_skew"]);
    let document = home.dropins(&["status", "--json"]).succeeded().json();
    assert!(document["reload"]["last_rejected"]["reason"].as_str().unwrap().contains("timestamp_skew"), "{document}");
    let metrics = server.admin_get("/metrics").body;
    for line in ["dropins_reload_total{result=\"refused\"}", "dropins_reloader_up 1", "dropins_generation 1"] {
        assert!(metrics.contains(line), "`{line}` is missing in\n{metrics}");
    }

    home.write_deployment(&good);
    let reloaded = home.dropins(&["reload"]).succeeded().stdout;
    assert!(reloaded.starts_with("unchanged: generation 1"), "{reloaded}");
    assert!(!home.dropins(&["status"]).succeeded().stdout.contains("rejected"));
}

#[test]
fn an_installed_component_is_live_and_can_be_rolled_back() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let folder = tempfile::tempdir().unwrap();
    let first = digest(&server);
    let installed = install(&home, &variant(&home, &folder, "new-build.wasm")).succeeded().stdout;
    assert!(installed.contains(&format!("{PLUGIN}.wasm")), "it takes the file of the old version\n{installed}");
    // Either this command or the change of the folder did it.
    assert!(installed.contains("generation 2"), "{installed}");
    let second = digest(&server);
    assert_ne!(first, second);
    server.authenticate(&client.mint()).token();
    let listed = home.dropins(&["plugin", "list", "--json"]).succeeded().json();
    assert_eq!((&listed[0]["digest"], &listed[0]["calls"]), (&second.clone().into(), &1.into()));
    let table = home.dropins(&["plugin", "list"]).succeeded().stdout;
    assert!(["live", "CALLS", "TRAPS", "LAST ERROR"].iter().all(|part| table.contains(part)), "{table}");

    let back = home.dropins(&["plugin", "rollback"]).succeeded().stdout;
    assert!(back.contains("rolled back to generation 1") && back.contains("pinned"), "{back}");
    assert_eq!(digest(&server), first);
    server.authenticate(&client.mint()).token();
    assert!(home.dropins(&["reload"]).succeeded().stdout.contains("unchanged: generation 1"), "the folder has it, too");
    let again = home.path(&format!("repository/components/kept/{}.wasm", second.trim_start_matches("sha256:")));
    assert!(install(&home, &again).succeeded().stdout.contains("generation 3"), "what was replaced is kept");
    assert_eq!(digest(&server), second);

    let back = home.dropins(&["plugin", "rollback", PLUGIN]).succeeded().stdout;
    assert!(back.contains("rolled back to generation 4"), "{back}");
    assert_eq!(digest(&server), first);
    home.dropins(&["plugin", "rollback", "nobody"]).failed(&["nobody"]);
    home.dropins(&["plugin", "rollback", "--generation", "99"]).failed(&["99", "kept"]);
}

#[test]
fn only_plug_ins_are_installed_and_none_that_is_needed_is_removed() {
    let home = TestHome::new();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.wasm");
    std::fs::write(&broken, "not a component").unwrap();
    install(&home, &broken).failed(&["broken.wasm"]);
    assert!(!home.dropin("broken.wasm").exists());
    let installed = install(&home, &variant(&home, &folder, "x.wasm")).succeeded().stdout;
    assert!(installed.contains("next start"), "{installed}");

    home.dropins(&["plugin", "remove", PLUGIN]).failed(&["listener", "--force"]);
    home.dropins(&["plugin", "remove", "nobody"]).failed(&["nobody"]);
    home.replace("order = 900\nenable = true", "order = 900\nenable = false");
    let server = Server::start(&home);
    let removed = home.dropins(&["plugin", "remove", "client_secret_authenticator"]).succeeded().stdout;
    assert!(removed.contains("removed") && removed.contains("generation 2"), "{removed}");
    assert!(!home.dropin("client_secret_authenticator.wasm").exists());
    home.dropins(&["plugin", "remove", "--force", PLUGIN]).failed(&["still uses it", PLUGIN]);
    assert_eq!(generation(&server), 2, "what serves does not need its file");
}

#[test]
fn a_plug_in_is_installed_in_place_of_the_live_one_and_not_of_its_shadow() {
    let home = TestHome::new();
    let folder = tempfile::tempdir().unwrap();
    let candidate = std::fs::read(variant(&home, &folder, "candidate.wasm")).unwrap();
    std::fs::write(home.dropin("candidate.wasm"), &candidate).unwrap();
    let id = format!("id = \"{PLUGIN}\"");
    home.replace(&id, &format!("{id}\nshadow = \"candidate.wasm\""));
    let server = Server::start(&home);
    let old = digest(&server);
    let said = install(&home, &folder.path().join("candidate.wasm")).succeeded().stdout;
    assert!(said.contains(&format!("{PLUGIN}.wasm")) && said.contains("generation 2"), "{said}");
    assert_ne!(digest(&server), old);
    // The configuration, which names the shadow, is unreadable; the running server still has the shadow.
    home.replace("timestamp_skew = \"30s\"", "timestamp_skew = \"soon\"");
    let newer = variant(&home, &folder, "newer.wasm");
    install(&home, &newer).failed(&[&format!("{PLUGIN}.wasm stays in the folder"), "timestamp_skew"]);
    home.replace("timestamp_skew = \"soon\"", "timestamp_skew = \"30s\"");
    assert_eq!(std::fs::read(home.dropin("candidate.wasm")).unwrap(), candidate);
    assert!(!home.dropin("newer.wasm").exists());
    home.dropins(&["check"]).succeeded();
}

#[test]
fn a_damaged_component_is_replaced_in_its_file() {
    let home = TestHome::new();
    let folder = tempfile::tempdir().unwrap();
    let good = variant(&home, &folder, "good.wasm");
    let damage = |file: &str| std::fs::write(home.dropin(file), "damaged").unwrap();
    damage(&format!("{PLUGIN}.wasm"));
    let said = install(&home, &good).succeeded().stdout;
    assert!(said.contains(&format!("{PLUGIN}.wasm")), "without a server its name says whose it is\n{said}");

    std::fs::rename(home.dropin(&format!("{PLUGIN}.wasm")), home.dropin("mine.wasm")).unwrap();
    let server = Server::start(&home);
    damage("mine.wasm");
    server.logged("candidate rejected");
    let said = install(&home, &good).succeeded().stdout;
    assert!(said.contains("mine.wasm") && !said.contains("warning"), "the server knows whose it is\n{said}");
    assert!(!home.dropin("good.wasm").exists());
}

#[test]
fn a_rejection_says_each_cause_once() {
    let home = TestHome::new();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.wasm");
    std::fs::write(&broken, "not a component").unwrap();
    let refused = install(&home, &broken).failed(&["error: broken.wasm: it is no"]);
    assert_eq!(refused.stderr.matches("it is no").count(), 1, "{}", refused.stderr);
    let _server = Server::start(&home);
    home.replace("timestamp_skew = \"30s\"", "timestamp_skew = \"soon\"");
    home.dropins(&["reload"]).failed(&["error: refused, generation 1 stays live: `oauth.timestamp_skew` is"]);
    home.replace("timestamp_skew = \"soon\"", "timestamp_skew = \"30s\"");
    let file = home.dropin(&format!("{PLUGIN}.wasm"));
    std::fs::write(&file, "not a component").unwrap();
    home.dropins(&["reload"]).failed(&[&format!("stays live: {}: it is no", file.display())]);
}

#[test]
fn a_broken_configuration_does_not_hide_that_it_holds_the_admin_token() {
    let home = TestHome::new();
    home.replace("[transport.admin]", "[transport.admin]\ntoken = \"a-long-admin-token-for-tests\"");
    let _server = Server::start(&home);
    home.dropins(&["status"]).succeeded();
    home.replace("timestamp_skew = \"30s\"", "timestamp_skew = \"soon\"");
    let place = format!("deployment.toml:{}", home.position("\"soon\""));
    home.dropins(&["status"]).succeeded();
    home.dropins(&["reload"]).failed(&["generation 1 stays live", &place]);
    let url = format!("http://{}", home.admin);
    for verb in ["status", "reload"] {
        let said = home.dropins(&[verb, "--admin", &url]).failed(&[
            "DROPINS_ADMIN_TOKEN",
            "`oauth.timestamp_skew` is",
            &place,
        ]);
        assert!(!said.stderr.contains("a-long-admin-token"), "{}", said.stderr);
    }
    let with_token = |token: &str| {
        let mut verb = command(DROPINS);
        run(verb.args(["reload", "--home", home.root(), "--admin", &url]).env("DROPINS_ADMIN_TOKEN", token))
    };
    with_token("a-long-admin-token-for-tests").failed(&["generation 1 stays live", &place]);
    with_token("another").failed(&["DROPINS_ADMIN_TOKEN", &place]);
}

#[test]
fn a_deleted_component_serves_on_and_is_reported() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let file = home.dropin(&format!("{PLUGIN}.wasm"));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    server.logged("candidate rejected");
    server.authenticate(&client.mint()).token();
    home.dropins(&["reload"]).failed(&["names no plug-in"]);
    std::fs::write(&file, bytes).unwrap();
    until("the rejection is past", || (status(&home)["reload"]["last_rejected"]["superseded"] == true).then_some(()));
    assert_eq!(generation(&server), 1, "the contents are the live ones");
}

#[test]
fn a_keystore_that_comes_late_is_found_without_a_word() {
    let home = TestHome::new();
    let plain = home.deployment();
    home.append("[keystore.primary]\nfile_name = \"late.p12\"\npassword = \"changeit\"\n");
    let with_keystore = home.deployment();
    let certificate = home.conf("app.pem");
    generate(&home, "app", "p-256");
    home.dropins(&["keystore", "import", "--alias", "app", "--file", certificate.to_str().unwrap()]).succeeded();
    let (here, away) = (home.path("repository/resources/security/late.p12"), home.path("late.p12"));
    std::fs::rename(&here, &away).unwrap();
    home.write_deployment(&plain);

    let server = Server::start(&home);
    home.write_deployment(&with_keystore);
    server.logged("candidate rejected");
    let text = home.dropins(&["status"]).succeeded().stdout;
    assert!(text.contains("late.p12") && text.contains("it is tried again in"), "{text}");
    std::fs::rename(&away, &here).unwrap();
    until("it is published", || (generation(&server) == 2).then_some(()));
    assert!(!home.dropins(&["status"]).succeeded().stdout.contains("rejected"));
}

#[test]
fn a_new_listen_address_waits_for_a_restart_and_everything_else_does_not() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let moved = crate::home::free_address();
    home.replace(&format!("listen = \"{}\"", home.admin), &format!("listen = \"{moved}\""));
    home.detail_errors();
    let said = home.dropins(&["reload"]).succeeded().stdout;
    let line = home.position("[transport.admin]");
    let line = line.split_once(':').unwrap().0;
    assert!(said.contains(&format!("[transport.admin] (deployment.toml:{line}) needs a restart")), "{said}");
    let text = home.dropins(&["status"]).succeeded().stdout;
    assert!(text.contains("[transport.admin]") && text.contains("needs a restart"), "{text}");
    server.logged("needs a restart");
    let assertion = client.mint();
    server.authenticate(&assertion).token();
    assert!(server.authenticate(&assertion).body.contains("replayed"), "detailed errors are in force");
}

#[test]
fn a_link_that_is_swapped_as_kubernetes_does_it_is_a_change() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let versions = ["..1", "..2"].map(|name| home.conf(name));
    let file = home.conf("deployment.toml");
    for version in &versions {
        std::fs::create_dir(version).unwrap();
    }
    let text = home.deployment();
    std::fs::write(versions[0].join("deployment.toml"), &text).unwrap();
    let changed = text.replace("detailed_errors = false", "detailed_errors = true");
    std::fs::write(versions[1].join("deployment.toml"), changed).unwrap();
    let point = |version: &str| {
        std::os::unix::fs::symlink(version, home.conf("..new")).unwrap();
        std::fs::rename(home.conf("..new"), home.conf("..data")).unwrap();
    };
    point("..1");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("..data/deployment.toml", &file).unwrap();
    let server = Server::start(&home);
    let assertion = client.mint();
    server.authenticate(&assertion).token();
    assert!(!server.authenticate(&assertion).body.contains("replayed"));
    point("..2");
    until("errors are detailed", || server.authenticate(&assertion).body.contains("replayed").then_some(()));
}

#[test]
fn without_a_server_reload_and_rollback_say_so() {
    let home = TestHome::new();
    home.dropins(&["reload"]).failed(&["no server answers"]);
    home.dropins(&["plugin", "rollback"]).failed(&["no server answers"]);
}
