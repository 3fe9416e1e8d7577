//! The verbs: help, exit codes, and what they print.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use dropins_host::Digest;

use crate::home::TestHome;
use crate::program::{DROPINS, command, dropins, installed, run, signal};
use crate::server::Server;

const VERBS: [&[&str]; 24] = [
    &["quickstart"],
    &["init"],
    &["serve"],
    &["check"],
    &["plugin", "list"],
    &["plugin", "inspect"],
    &["plugin", "install"],
    &["plugin", "remove"],
    &["plugin", "rollback"],
    &["plugin", "diff"],
    &["plugin", "new"],
    &["plugin", "test"],
    &["status"],
    &["reload"],
    &["explain"],
    &["keys", "generate"],
    &["keys", "list"],
    &["assertion", "mint"],
    &["assertion", "explain"],
    &["backup"],
    &["migrate", "wso2"],
    &["health"],
    &["completions"],
    &["man"],
];

#[test]
fn every_verb_has_help_with_an_example() {
    let overview = dropins(&["--help"]).succeeded().stdout;
    for verb in VERBS {
        assert!(overview.contains(verb[0]), "{verb:?} is missing in\n{overview}");
        let help = dropins(&[verb, &["--help"]].concat()).succeeded().stdout;
        let example = format!("Example:\n  dropins {}", verb.join(" "));
        assert!(help.contains("Usage:") && help.contains(&example), "{help}");
    }
    let version = dropins(&["--version"]).succeeded().stdout;
    assert!(version.starts_with("dropins ") && version.contains("\ncontract with plug-ins dropins:client-auth@"));
    for fact in ["\ncommit ", "\nrustc 1.", "\nwasmtime 48.", "\nprivate_key_jwt_authenticator.wasm sha256:"] {
        assert!(version.contains(fact), "{fact}\n{version}");
    }
    let digest = Digest::of(dropins_components::CLIENT_SECRET).to_string();
    assert!(version.contains(&digest), "{digest}\n{version}");
    assert_eq!(dropins(&["-V"]).succeeded().line(), format!("dropins {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [&[][..], &["serv"], &["serve", "--hom", "x"], &["plugin"], &["keys", "generate", "--type", "dsa"]]
    {
        let finished = dropins(arguments);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!finished.stderr.is_empty());
    }
}

#[test]
fn init_never_overwrites_a_configuration_unasked_nor_keys_at_all() {
    let home = TestHome::new();
    let key = home.path("repository/resources/security/token-signing-key.pem");
    let before = (home.deployment(), std::fs::read(&key).unwrap());
    home.dropins(&["init"]).failed(&["deployment.toml", "--force"]);
    assert_eq!(home.deployment(), before.0);

    std::fs::write(home.path("repository/database/identity.db"), "a database").unwrap();
    home.dropins(&["init", "--force"]).succeeded();
    assert_ne!(home.deployment(), before.0);
    assert_eq!(std::fs::read(&key).unwrap(), before.1);
    assert_eq!(std::fs::read(home.path("repository/database/identity.db")).unwrap(), b"a database");
}

#[test]
fn the_quickstart_shows_a_token_and_a_rejected_replay() {
    let shown = dropins(&["quickstart", "--once"]).succeeded().stdout;
    let (token, replay) = shown.split_once("5. ").unwrap();
    assert!(token.contains("HTTP 200") && token.contains("\"access_token\": \"ey"), "{shown}");
    assert!(replay.contains("HTTP 401") && replay.contains("\"invalid_client\""), "{shown}");
}

#[test]
fn quickstarts_at_the_same_time_do_not_take_each_others_ports() {
    let quickstarts: Vec<_> = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..3).map(|_| scope.spawn(|| dropins(&["quickstart", "--once"]))).collect();
        begun.into_iter().map(|quickstart| quickstart.join().unwrap()).collect()
    });
    for quickstart in quickstarts {
        assert!(quickstart.succeeded().stdout.contains("HTTP 401"));
    }
}

#[test]
fn the_quickstart_keeps_its_home_when_asked_and_serves_until_it_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("home");
    let mut quickstart = command(DROPINS)
        .args(["quickstart", "--home", root.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(quickstart.stdout.take().unwrap()).lines().map_while(Result::ok);
    let shown: Vec<String> = lines.by_ref().take_while(|line| !line.contains("Ctrl-C")).collect();
    // The lines that it prints work as they are.
    let from = shown.iter().position(|line| line.trim_start().starts_with("ASSERTION=")).unwrap();
    let script: Vec<&str> = shown[from..].iter().map(String::as_str).take_while(|line| !line.is_empty()).collect();
    if crate::program::installed(&["curl"]) {
        let answer = run(command("sh").args(["-c", &script.join("\n")])).succeeded();
        assert!(answer.stdout.contains("access_token"), "{script:?}\n{answer:?}");
    }
    let status = dropins(&["status", "--home", root.to_str().unwrap()]).succeeded().stdout;
    assert!(status.contains("ready") && status.contains("private_key_jwt_authenticator"), "{status}");
    signal(quickstart.id(), "INT");
    assert_eq!(quickstart.wait().unwrap().code(), Some(0));
    assert!(root.join("repository/conf/deployment.toml").is_file());
}

#[test]
fn plug_ins_are_listed_with_the_listeners_that_name_them() {
    let home = TestHome::new();
    std::fs::copy(home.dropin("client_secret_authenticator.wasm"), home.dropin("other.wasm")).unwrap();
    std::fs::write(home.dropin("broken.wasm"), "x").unwrap();
    let listed = home.dropins(&["plugin", "list", "--json"]).succeeded().json();
    let state = |file: &str| {
        let entry = listed.as_array().unwrap().iter().find(|entry| entry["file"] == file);
        entry.unwrap_or_else(|| panic!("{file} is missing in {listed}"))["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state("private_key_jwt_authenticator.wasm"), "enabled");
    assert_eq!(state("client_secret_authenticator.wasm"), "enabled");
    assert_eq!(state("other.wasm"), "inactive");
    assert_eq!(state("broken.wasm"), "refused");
    let table = home.dropins(&["plugin", "list"]).succeeded().stdout;
    for part in ["private_key_jwt_authenticator", "899", "sha256:", "broken.wasm", "refused"] {
        assert!(table.contains(part), "`{part}` is missing in\n{table}");
    }
}

#[test]
fn a_component_is_inspected_without_a_home() {
    let home = TestHome::new();
    let file = home.dropin("private_key_jwt_authenticator.wasm");
    let file = file.to_str().unwrap();
    let inspected = dropins(&["plugin", "inspect", file, "--json"]).succeeded().json();
    assert_eq!(inspected["description"]["name"], "private_key_jwt_authenticator");
    assert_eq!(inspected["description"]["methods"], serde_json::json!(["private_key_jwt"]));
    assert_eq!(inspected["contract"], "0.2.0");
    assert!(inspected["digest"].as_str().unwrap().starts_with("sha256:"));
    let text = dropins(&["plugin", "inspect", file]).succeeded().stdout;
    for part in ["PrivateKeyJWTClientAuthenticator", "dropins:client-auth/keys@0.2.0", "form:client_assertion"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    home.append("[limits]\ncomponent_size = \"64KiB\"");
    dropins(&["plugin", "inspect", file, "--home", home.root()]).failed(&["component_size"]);
    let missing = home.dropin("none.wasm");
    dropins(&["plugin", "inspect", missing.to_str().unwrap()]).failed(&["none.wasm"]);
    dropins(&["plugin", "inspect", home.conf("deployment.toml").to_str().unwrap()]).failed(&["deployment.toml"]);
}

#[test]
fn check_agrees_with_serve() {
    let home = TestHome::new();
    crate::client::TestClient::register(&home, "app");
    let checked = home.dropins(&["check", "--json"]).succeeded().json();
    assert_eq!((&checked["ok"], &checked["clients"]), (&true.into(), &1.into()));
    assert_eq!(checked["plugins"], serde_json::json!(["private_key_jwt_authenticator", "client_secret_authenticator"]));
    let counted = |clients: &str| home.dropins(&["check"]).succeeded().stdout.contains(&format!("ok: {clients};"));
    assert!(counted("1 client"));
    crate::client::TestClient::register(&home, "other");
    assert!(counted("2 clients"));
    home.append("[user_store]\ntype = \"read_write_ldap_unique_id\"");
    let noted = home.dropins(&["check"]).succeeded().stdout;
    assert!(noted.contains("user_store"), "a key of WSO2 without meaning here is accepted with a line\n{noted}");
}

#[test]
fn status_asks_the_running_server() {
    let home = TestHome::new();
    home.dropins(&["status"]).failed(&["tmp/admin.sock", home.root(), "running"]);
    let _server = Server::start(&home);
    let status = home.dropins(&["status", "--json"]).succeeded().json();
    assert_eq!((&status["ready"], &status["issuer"]), (&true.into(), &home.issuer().into()));
    let text = home.dropins(&["status"]).succeeded().stdout;
    assert!(text.contains("ready") && text.contains("client_secret_authenticator"), "{text}");
}

#[test]
fn colour_is_for_terminals_and_for_those_who_force_it() {
    let home = TestHome::new();
    let _server = Server::start(&home);
    let status = |variables: &[(&str, &str)]| {
        let mut status = command(DROPINS);
        status.env_remove("NO_COLOR").args(["status", "--home", home.root()]).envs(variables.iter().copied());
        run(&mut status).succeeded().stdout
    };
    assert!(!status(&[]).contains('\u{1b}'));
    assert!(status(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}[32mready\u{1b}[0m"));
}

#[test]
fn a_failure_is_a_document_too() {
    let home = TestHome::new();
    for verb in [&["status"][..], &["client", "show", "nobody"], &["keys", "refresh", "nobody"]] {
        let failed = home.dropins(&[verb, &["--json"]].concat()).failed(&["error: "]);
        assert!(!failed.json()["error"].as_str().unwrap().is_empty(), "{failed:?}");
    }
    assert_eq!(home.dropins(&["status"]).stdout, "");
}

#[test]
fn the_keys_of_the_server_are_listed_and_a_pending_rotation_is_mentioned() {
    let home = TestHome::new();
    let rotate = || home.dropins(&["keys", "rotate", "--algorithm", "ES256"]).succeeded().stdout;
    assert!(!rotate().contains("pending"));
    crate::wait::until("the second has passed", || {
        let again = home.dropins(&["keys", "rotate", "--algorithm", "ES256", "--overlap", "2h"]);
        (again.code == Some(0)).then(|| assert!(again.stdout.contains("a rotation is pending already: ES256")))
    });
    let listed = home.dropins(&["keys", "list", "--json"]).succeeded().json();
    let keys = listed.as_array().unwrap();
    assert_eq!(keys.iter().map(|key| &key["alg"]).filter(|alg| *alg == "ES256").count(), 3, "{listed}");
    let first = keys.iter().find(|key| key["alg"] == "ES256" && key["signs_from"] == 0).unwrap();
    assert!(first["signs_until"].as_u64() < first["published_until"].as_u64(), "{first}");
    let table = home.dropins(&["keys", "list"]).succeeded().stdout;
    assert_eq!((table.matches("pending").count(), table.matches("signs ").count()), (2, 2), "{table}");
}

#[test]
fn check_mentions_secrets_that_every_user_may_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = TestHome::new();
    let warned = |file: &str| home.dropins(&["check"]).succeeded().stdout.contains(&format!("may read {file}"));
    let file = home.conf("deployment.toml");
    assert!(!warned(file.to_str().unwrap()));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(warned(file.to_str().unwrap()));
}

#[test]
fn passwords_and_folders_that_are_missing_or_taken_are_named_at_once() {
    let home = TestHome::new();
    home.dropins(&["user", "add", "jane"]).failed(&["no terminal", "--password-file"]);
    home.dropins(&["user", "passwd", "nobody"]).failed(&["there is no user `nobody`"]);
    let quickstart = dropins(&["quickstart", "--once", "--home", home.root()]).failed(&["deployment.toml"]);
    assert!(!quickstart.stderr.contains("--force"), "{quickstart:?}");
    std::fs::remove_file(home.path("repository/resources/security/tls-key.pem")).unwrap();
    home.dropins(&["check"]).failed(&["tls-key.pem is missing"]);
    assert_eq!(home.dropins(&["keys", "generate", "--days", "0"]).code, Some(2));
}

#[test]
fn the_exit_status_of_health_says_whether_the_server_takes_requests() {
    let home = TestHome::new();
    home.dropins(&["health"]).failed(&["no server answers"]);
    let server = Server::start(&home);
    assert_eq!(home.dropins(&["health"]).succeeded().line(), "ready");
    assert_eq!(home.dropins(&["health", "--json"]).succeeded().json()["ready"], true);
    drop(server);
    home.dropins(&["health"]).failed(&["no server answers"]);
}

#[test]
fn shells_complete_every_verb_and_man_has_a_page_for_each() {
    for shell in ["bash", "zsh", "fish"] {
        let script = dropins(&["completions", shell]).succeeded().stdout;
        assert!(script.contains("quickstart") && script.contains("rollback"), "{shell}");
    }
    if installed(&["bash"]) {
        let script = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(script.path(), dropins(&["completions", "bash"]).succeeded().stdout).unwrap();
        run(command("bash").arg("-n").arg(script.path())).succeeded();
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    dropins(&["man", pages.to_str().unwrap()]).succeeded();
    let page = std::fs::read_to_string(pages.join("dropins-plugin-new.1")).unwrap();
    assert!(page.contains("working authenticator") && page.contains("Example:"), "{page}");
    assert!(pages.join("dropins.1").is_file());
}
