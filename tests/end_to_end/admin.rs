//! The admin listener.

use reqwest::Method;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::Request;
use crate::server::Server;

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
    let mut status = crate::program::command(crate::program::DROPINS);
    let status = status.args(["status", "--json", "--home", home.root()]).envs(environment);
    assert_eq!(crate::program::run(status).succeeded().json()["ready"], true);
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
    assert_eq!(status(&Method::POST, "/reload", "host", "localhost:9444"), 200);
}
