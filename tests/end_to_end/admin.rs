//! The admin listener.

use reqwest::Method;

use crate::client::TestClient;
use crate::database_server::{Engine, TestDatabase};
use crate::home::TestHome;
use crate::http::Request;
use crate::server::Server;
use crate::servers::{PASSWORD, Proxy, Traffic};
use crate::wait::until;

#[test]
fn health_readiness_metrics_and_status_are_there() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.mint();
    server.authenticate(&assertion).token();
    server.authenticate(&assertion).error(401, "invalid_client");
    assert_eq!(server.admin_get("/healthz").status, 200);
    assert_eq!(server.admin_get("/readyz").status, 200);

    let metrics = server.admin_get("/metrics").body;
    for line in [
        "dropins_authentications_total{outcome=\"authenticated\",plugin=\"private_key_jwt_authenticator\"} 1",
        "dropins_rejections_total{reason=\"replayed\"} 1",
        "dropins_tokens_total{grant=\"client_credentials\"} 1",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "`{line}` is missing in\n{metrics}");
    }

    let status = server.admin_get("/status").json();
    assert_eq!((&status["ready"], &status["clients"]), (&true.into(), &1.into()));
    assert_eq!((&status["replay"]["first"], &status["replay"]["forgiven"]), (&1.into(), &0.into()));
    let shown = home.dropins(&["status"]).succeeded().stdout;
    assert!(shown.contains("\nreplay store sqlite  1 rows  cache hits "), "{shown}");
    assert_eq!(status["plugins"][0]["name"], "private_key_jwt_authenticator");
    assert_eq!(status["plugins"][0]["calls"], 2);
    assert_eq!(status["replay"]["first"], 1);
    assert_eq!(server.get("/status").status, 404, "not on the public listener");
}

#[test]
fn with_a_token_only_health_and_readiness_are_open() {
    let home = TestHome::new();
    home.replace("# token = \"$env{DROPINS_ADMIN_TOKEN}\"", "token = \"$env{DROPINS_ADMIN_TOKEN}\"");
    let environment = [("DROPINS_ADMIN_TOKEN", "let me in")];
    let server = Server::start_with(&home, &[], &environment);
    for path in ["/metrics", "/status"] {
        let with = |value: &str| {
            let request = Request::new(Method::GET, server.admin_url(path)).header("authorization", value);
            server.http().send(request).status
        };
        assert_eq!(server.admin_get(path).status, 401, "{path}");
        assert_eq!(
            (with("Bearer other"), with("Basic let me in"), with("Bearer let me in")),
            (401, 401, 200),
            "{path}"
        );
    }
    assert_eq!((server.admin_get("/healthz").status, server.admin_get("/readyz").status), (200, 200));
    let token = |request: Request| request.header("authorization", "Bearer let me in");
    let foreign = Request::new(Method::GET, server.admin_url("/status")).header("sec-fetch-site", "cross-site");
    assert_eq!(server.http().send(token(foreign)).status, 403, "a page of another site");
    let metrics = server.http().send(token(Request::new(Method::GET, server.admin_url("/metrics")))).body;
    for line in ["{reason=\"token\"} 6\n", "{reason=\"page\"} 1\n"] {
        assert!(metrics.contains(&format!("dropins_admin_rejections_total{line}")), "{line} is missing in\n{metrics}");
    }
    let mut status = crate::program::command(crate::program::DROPINS);
    let status = status.args(["status", "--json", "--home", home.root()]).envs(environment);
    assert_eq!(crate::program::run(status).succeeded().json()["ready"], true);
    let (_, log) = server.end("TERM");
    assert_eq!(log.matches("a request to the admin listener was rejected").count(), 1, "{log}");
}

#[test]
fn without_a_token_a_web_page_cannot_use_the_admin_endpoints() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let status = |method: &Method, path, header, value: &str| {
        server.http().send(Request::new(method.clone(), server.admin_url(path)).header(header, value)).status
    };
    for (method, path) in [
        (Method::POST, "/reload"),
        (Method::POST, "/rollback"),
        (Method::POST, "/keys/refresh?client_id=app"),
        (Method::GET, "/status"),
        (Method::GET, "/metrics"),
    ] {
        assert_eq!(status(&method, path, "origin", "https://evil.example"), 403, "{path}: another site posts");
        assert_eq!(status(&method, path, "host", "evil.example:9444"), 403, "{path}: its name leads here");
    }
    assert_eq!(status(&Method::GET, "/status", "host", "localhost:9444"), 200);
}

#[test]
fn a_node_that_cannot_ask_its_identity_database_is_not_ready_although_its_replay_store_answers() {
    for engine in [Engine::Postgres, Engine::Mariadb] {
        let Some(database) = TestDatabase::new(engine) else { continue };
        let proxy = Proxy::to(database.port());
        let home = TestHome::new();
        database.configure_by(&home, &database.url_by(proxy.port()));
        home.replace("type = \"identity_db\"", "type = \"memory\"");
        let server = Server::start(&home);
        assert_eq!(server.admin_get("/readyz").status, 200);
        for traffic in [Traffic::Clogged, Traffic::Cut] {
            proxy.set(traffic);
            let ready = until("the server is not ready", || {
                Some(server.admin_get("/readyz")).filter(|ready| ready.status == 503)
            });
            assert!(ready.body.contains("identity database is unavailable"), "{ready:?}");
            assert!(!ready.body.contains("replay store") && !ready.body.contains(PASSWORD), "{ready:?}");
            let metrics = server.admin_get("/metrics").body;
            for line in
                ["dropins_ready 0", "dropins_store_up{store=\"identity\"} 0", "dropins_store_up{store=\"replay\"} 1"]
            {
                assert!(metrics.contains(line), "`{line}` is missing in\n{metrics}");
            }
            proxy.set(Traffic::Flows);
            until("the server is ready again", || (server.admin_get("/readyz").status == 200).then_some(()));
        }
    }
}

#[test]
fn without_a_token_only_the_socket_of_the_home_takes_commands() {
    let home = TestHome::new();
    let server = Server::start(&home);
    for (method, path) in [
        (Method::POST, "/reload"),
        (Method::POST, "/rollback"),
        (Method::POST, "/keys/refresh?client_id=app"),
        (Method::GET, "/plugins/private_key_jwt_authenticator/diff"),
    ] {
        let answer = server.http().send(Request::new(method, server.admin_url(path)));
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("tmp/admin.sock"), "{answer:?}");
    }
    assert_eq!(server.operator(Method::POST, "/reload").status, 200);
}

#[test]
fn a_verb_acts_on_the_server_of_its_own_home_although_another_home_is_served_at_its_address() {
    let (home, other) = (TestHome::new(), TestHome::new());
    let _other = Server::start(&other);
    home.replace(&format!("listen = \"{}\"", home.admin), &format!("listen = \"{}\"", other.admin));
    let url = format!("http://{}", other.admin);
    for verb in [&["status"][..], &["reload"], &["plugin", "rollback"]] {
        home.dropins(verb).failed(&["no server answers for", home.root(), "dropins serve"]);
        let asked = home.dropins(&[verb, &["--admin", &url]].concat());
        asked.failed(&["409", "served by another home"]);
    }
    let shown = other.dropins(&["status", "--json"]).succeeded().json();
    assert_eq!(shown["home"], other.root());
    assert_eq!(other.dropins(&["status", "--json", "--admin", &url]).succeeded().json()["home"], other.root());
    other.dropins(&["reload", "--admin", &url]).failed(&["403", "set a token"]);
}

#[test]
fn a_home_is_served_once_and_by_several_nodes_only_when_they_say_so() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let moved = home.moved();
    home.dropins(&["serve"]).failed(&["is served already", home.root(), "--shared"]);
    let second = Server::start(&moved);
    drop(server);
    assert!(home.path("tmp/admin.sock").exists(), "it was killed");
    drop(second);
    let mut alone = moved;
    alone.shared = false;
    let _alone = Server::start(&alone);
    alone.dropins(&["status"]).succeeded();
}

#[test]
fn a_stopping_server_is_not_ready_and_still_takes_requests_until_the_delay_has_passed() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    home.replace("[server]", "[server]\nshutdown_delay = \"3s\"");
    let server = Server::start(&home);
    server.signal("TERM");
    until("readiness drains", || (server.admin_get("/readyz").status == 503).then_some(()));
    server.authenticate(&client.mint()).token();
    let (code, log) = server.end("TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn a_reload_says_that_another_super_admin_changes_nothing_by_itself() {
    let home = TestHome::new();
    let _server = Server::start(&home);
    home.replace("username = \"admin\"", "username = \"root\"");
    let said = home.dropins(&["reload"]).succeeded().stdout;
    let line = home.position("[super_admin]").split(':').next().unwrap().to_owned();
    assert!(said.contains(&format!("[super_admin] (deployment.toml:{line}) changes nothing now")), "{said}");
    assert!(said.contains("dropins user passwd"), "{said}");
}
