//! `dropins backup`: a copy of a home that is served under load, and what a server of the restored copy remembers.

use std::os::unix::fs::PermissionsExt as _;

use crate::client::TestClient;
use crate::holder::{Holder, text};
use crate::home::TestHome;
use crate::load::{Load, callers};
use crate::server::Server;

#[test]
fn a_backup_under_load_restores_a_server_that_knows_tokens_clients_and_used_assertions() {
    let home = TestHome::new();
    let (app, opaque) = (Holder::register(&home, "app"), Holder::store(&home, "stored"));
    let callers = callers(&home, 4);
    let server = Server::start(&home);
    let (tokens, of_stored) = (app.tokens(&server), opaque.tokens(&server));
    let used: Vec<String> = (0..20).map(|_| app.client.mint()).collect();
    for assertion in &used {
        server.authenticate(assertion).token();
    }
    let load = Load::start(&home, callers);
    let before = home.path("tmp").join("home.tar");
    let report = home.dropins(&["backup", before.to_str().unwrap(), "--json"]).succeeded().json();
    let calls = load.end();
    for call in calls.iter().flat_map(|calls| &calls.sent) {
        assert_eq!(call.failure, None, "the backup disturbed a request");
    }
    assert_eq!(report["lacks"].as_array().unwrap().len(), 0, "{report}");
    assert_eq!(std::fs::metadata(&before).unwrap().permissions().mode() & 0o777, 0o600);
    let jwks = server.get("/oauth2/jwks").json();
    let later = app.client.mint();
    server.authenticate(&later).token();
    assert_eq!(server.end("TERM").0, Some(0));

    let restored = home.restored(&before);
    restored.dropins(&["check"]).succeeded();
    let server = Server::start(&restored);
    assert_eq!(server.get("/oauth2/jwks").json(), jwks, "tokens of before still verify");
    assert!(app.is_active(&server, text(&tokens, "access_token")));
    assert!(opaque.is_active(&server, text(&of_stored, "access_token")));
    app.refresh(&server, text(&tokens, "refresh_token")).token();
    for assertion in &used {
        server.authenticate(assertion).error(401, "invalid_client");
    }
    // The documented gap: what was used after the backup is forgotten.
    server.authenticate(&later).token();
}

#[test]
fn a_backup_of_a_home_that_is_not_served_holds_the_same_and_overwrites_nothing() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let assertion = client.mint();
    let server = Server::start(&home);
    server.authenticate(&assertion).token();
    assert_eq!(server.end("KILL").0, None, "killed: its last transactions are in the write-ahead log");

    let archive = home.path("home.tar");
    let line = ["backup", archive.to_str().unwrap()];
    let said = home.dropins(&line).succeeded();
    assert!(said.stdout.contains("tar -xpf") && said.stdout.contains("forgets assertions"), "{}", said.stdout);
    home.dropins(&line).failed(&["is there already"]);
    home.dropins(&["backup", "/nowhere/home.tar"]).failed(&["/nowhere/home.tar cannot be written"]);

    let restored = home.restored(&archive);
    let server = Server::start(&restored);
    server.authenticate(&assertion).error(401, "invalid_client");
    server.authenticate(&client.mint()).token();
}
