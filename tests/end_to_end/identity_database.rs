//! Clients, codes and tokens on a database server: every verb works on them, every node sees a change, and a restart
//! loses nothing.

use serde_json::{Value, json};

use crate::clients::{add, client};
use crate::database_server::{Engine, TestDatabase};
use crate::holder::{Holder, text};
use crate::home::TestHome;
use crate::server::Server;
use crate::servers::PASSWORD;
use crate::wait::until;

/// Runs a case on a fresh home over a new database of each kind of server that is installed.
fn on_every_server(case: impl Fn(&TestHome)) {
    for engine in [Engine::Postgres, Engine::Mariadb] {
        let Some(database) = TestDatabase::new(engine) else { continue };
        let home = TestHome::new();
        database.configure_by(&home, &database.url());
        case(&home);
    }
}

fn shown(home: &TestHome, id: &str) -> Value {
    serde_json::from_str(&client(home, &["show", id, "--json"]).succeeded().stdout).unwrap()
}

#[test]
fn every_verb_works_on_clients_of_a_database_server_and_all_nodes_see_what_one_changes() {
    on_every_server(|home| {
        let app = add(home, "app");
        let listed = client(home, &["list", "--json"]).succeeded().stdout;
        assert!(listed.contains("\"app\"") && listed.contains("\"database\""), "{listed}");
        let nodes = [Server::start(home), Server::start(&home.moved())];
        let all = |status: u16, what: &str| {
            for node in &nodes {
                until(what, || (node.authenticate(&app.mint()).status == status).then_some(()));
            }
        };
        all(200, "every node accepts the client");
        client(home, &["update", "app", "--name", "An app", "--disable"]).succeeded();
        all(401, "every node rejects the disabled client");
        client(home, &["update", "app", "--enable"]).succeeded();
        all(200, "every node accepts the client again");
        let used = until("the last use of the key is written down", || {
            let shown = shown(home, "app");
            shown["keys"][0]["last_used"].is_u64().then_some(shown)
        });
        assert_eq!(used["client_name"], "An app", "{used}");
        client(home, &["remove", "app"]).succeeded();
        all(401, "every node rejects the removed client");
        client(home, &["show", "app"]).failed(&["there is no client `app`"]);
    });
}

#[test]
fn check_says_what_a_start_does_to_the_database_and_does_not_do_it() {
    on_every_server(|home| {
        for _ in 0..2 {
            let document: Value = serde_json::from_str(&home.dropins(&["check", "--json"]).succeeded().stdout).unwrap();
            let changes = document["database"].to_string();
            assert!(changes.contains("make the table IDN_OIDC_JTI in "), "{changes}");
            assert!(changes.contains("make the identity tables, version "), "{changes}");
            assert!(!changes.contains(PASSWORD), "{changes}");
        }
        drop(Server::start(home));
        let document: Value = serde_json::from_str(&home.dropins(&["check", "--json"]).succeeded().stdout).unwrap();
        assert_eq!(document["database"], json!([]));
    });
}

#[test]
fn codes_and_tokens_in_a_database_server_are_used_once_by_all_nodes_and_outlive_them() {
    on_every_server(|home| {
        let app = Holder::register(home, "app");
        let one = Server::start(home);
        let second_node = home.moved();
        let two = Server::start(&second_node);
        let code = app.code();
        let stolen = app.redeem(&one, &code).token();
        assert!(app.is_active(&two, text(&stolen, "access_token")));
        app.redeem(&two, &code).error(400, "invalid_grant");
        for node in [&one, &two] {
            assert!(!app.is_active(node, text(&stolen, "access_token")), "a code that is used twice revokes");
        }
        let (first, open) = (app.tokens(&one), app.code());
        drop((one, two));
        let server = Server::start(&second_node.moved());
        app.redeem(&server, &open).token();
        let second = app.refresh(&server, text(&first, "refresh_token")).token();
        assert!(app.is_active(&server, text(&second, "access_token")));
        app.refresh(&server, text(&first, "refresh_token")).error(400, "invalid_grant");
        assert!(!app.is_active(&server, text(&second, "access_token")), "a refresh token that is used twice revokes");
    });
}
