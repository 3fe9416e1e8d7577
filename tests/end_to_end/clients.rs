//! `dropins client`: clients of the database, while the server runs.

use serde_json::{Value, json};

use crate::client::{TestClient, now};
use crate::home::TestHome;
use crate::keys::generate;
use crate::program::Finished;
use crate::secrets::basic;
use crate::server::Server;
use crate::wait::until;

/// Runs a verb of `dropins client`.
pub(crate) fn client(home: &TestHome, line: &[&str]) -> Finished {
    home.dropins(&[&["client"], line].concat())
}

/// Adds a client of the database with a key set.
pub(crate) fn add(home: &TestHome, id: &str) -> TestClient {
    let client = TestClient::unregistered(home, id);
    let file = home.path(&format!("{id}.jwks.json"));
    std::fs::write(&file, json!({ "keys": [client.key.public_jwk()] }).to_string()).unwrap();
    self::client(home, &["add", id, "--jwks", file.to_str().unwrap()]).succeeded();
    client
}

/// Waits until the running server gives the client a token.
#[track_caller]
fn accepted(server: &Server, client: &TestClient) {
    until("the client is accepted", || (server.authenticate(&client.mint()).status == 200).then_some(()));
}

#[test]
fn a_running_server_sees_at_once_that_clients_come_change_and_go() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let stranger = TestClient::unregistered(&home, "app");
    server.authenticate(&stranger.mint()).error(401, "invalid_client");
    let app = add(&home, "app");
    server.authenticate(&app.mint()).token();
    server.authenticate(&stranger.mint()).error(401, "invalid_client");

    client(&home, &["update", "app", "--disable"]).succeeded();
    server.authenticate(&app.mint()).error(401, "invalid_client");
    client(&home, &["update", "app", "--enable"]).succeeded();
    server.authenticate(&app.mint()).token();
    client(&home, &["remove", "app"]).succeeded();
    server.authenticate(&app.mint()).error(401, "invalid_client");
    client(&home, &["show", "app"]).failed(&["there is no client `app`"]);
}

#[test]
fn a_client_with_a_certificate_authenticates() {
    let home = TestHome::new();
    let server = Server::start(&home);
    generate(&home, "app", "rsa-2048");
    let certificate = home.conf("app.pem");
    client(&home, &["add", "app", "--certificate", certificate.to_str().unwrap()]).succeeded();
    let key = home.conf("app-private.pem");
    until("the client is accepted", || {
        let verb = ["assertion", "mint", "--client-id", "app", "--key", key.to_str().unwrap()];
        let assertion = home.dropins(&verb).succeeded().line();
        (server.authenticate(&assertion).status == 200).then_some(())
    });
    let key = &client(&home, &["show", "app", "--json"]).succeeded().json()["keys"][0];
    assert!(key["source"].as_str().unwrap().starts_with("certificate"), "{key}");
    assert!(key["not_after"].as_u64().unwrap() > now(), "{key}");
}

#[test]
fn a_secret_is_shown_once_and_a_new_one_replaces_it() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let try_secret = |secret: &str| {
        let request = server.token_request(&[("grant_type", "client_credentials")]);
        server.http().send(request.header("authorization", basic("app", secret))).status
    };
    let secret_of = |answer: &Value| answer["client_secret"].as_str().unwrap().to_owned();
    let verb = ["add", "app", "--auth-method", "client_secret_basic", "--secret", "--json"];
    let old = secret_of(&client(&home, &verb).succeeded().json());
    until("the client is known", || (server.admin_get("/status").json()["clients"] == 1).then_some(()));
    assert_eq!(try_secret(&old), 200);
    for shown in [client(&home, &["show", "app"]), client(&home, &["show", "app", "--json"])] {
        assert!(!shown.succeeded().stdout.contains(&old));
    }
    let new = secret_of(&client(&home, &["update", "app", "--new-secret", "--json"]).succeeded().json());
    until("the old secret is refused", || (try_secret(&old) == 401).then_some(()));
    assert_eq!(try_secret(&new), 200);
    for file in std::fs::read_dir(home.path("repository/database")).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = if file.is_file() { std::fs::read(&file).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(new.len()).any(|part| part == new.as_bytes()), "{} holds the secret", file.display());
    }
}

#[test]
fn the_history_of_each_key_is_shown() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let app = add(&home, "app");
    let key = |home: &TestHome| client(home, &["show", "app", "--json"]).succeeded().json()["keys"][0].clone();
    let before = key(&home);
    assert_eq!((&before["thumbprint"], &before["last_used"]), (&app.key.thumbprint().into(), &Value::Null));
    assert!(before["source"].as_str().unwrap().starts_with("jwks"), "{before}");
    let began = now();
    accepted(&server, &app);
    let used = until("the use is written down", || key(&home)["last_used"].as_u64());
    assert!((began..=now()).contains(&used), "{used}");
    let shown = client(&home, &["show", "app"]).succeeded().stdout;
    assert!(shown.contains("LAST USED") && shown.contains(&app.key.thumbprint()), "{shown}");
}

#[test]
fn clients_of_the_file_and_of_the_database_are_listed_and_the_file_wins() {
    let home = TestHome::new();
    TestClient::register(&home, "declared");
    add(&home, "stored");
    client(&home, &["add", "declared"]).failed(&["the file wins"]);
    client(&home, &["update", "declared", "--disable"]).failed(&["change it there"]);
    let list = client(&home, &["list", "--json"]).succeeded().json();
    let list: Vec<_> =
        list.as_array().unwrap().iter().map(|c| (&c["client_id"], &c["origin"], &c["enabled"])).collect();
    let expected = [("declared".into(), "deployment.toml".into()), ("stored".into(), "database".into())];
    assert_eq!(list, expected.each_ref().map(|(id, origin): &(Value, Value)| (id, origin, &Value::Bool(true))));

    let hidden = add(&home, "twice");
    let declared = TestClient::register(&home, "twice");
    let server = Server::start(&home);
    server.authenticate(&declared.mint()).token();
    server.authenticate(&hidden.mint()).error(401, "invalid_client");
}

#[test]
fn a_certificate_that_ends_soon_is_announced_everywhere() {
    let home = TestHome::new();
    let app = TestClient::unregistered(&home, "app");
    let (begin, end) = (now() - 86_400, now() + 6 * 86_400);
    let [begin, end] = [begin, end].map(|seconds| i64::try_from(seconds).unwrap());
    let file = home.path("app.pem");
    std::fs::write(&file, app.key.self_signed_certificate("app", begin, end).unwrap()).unwrap();
    client(&home, &["add", "app", "--certificate", file.to_str().unwrap()]).succeeded();
    let check = home.dropins(&["check"]).succeeded();
    assert!(format!("{}{}", check.stdout, check.stderr).contains("app"), "{check:?}");
    let server = Server::start(&home);
    server.logged("WARN dropins_server::running");
    let status = server.admin_get("/status").json();
    let expiring = &status["expiring"][0];
    assert_eq!((&expiring["client_id"], &expiring["stage"]), (&"app".into(), &"7d".into()), "{status}");
    let metrics = server.admin_get("/metrics").body;
    assert!(metrics.lines().any(|line| line.contains("keys_expiring") && line.ends_with(" 1")), "{metrics}");
    accepted(&server, &app);
}
