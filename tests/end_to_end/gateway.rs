//! In front of another authorization server: what it hears of a request, and what of a rejected one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;
use crate::upstream::{ISSUER, Upstream, in_front_of};

const SECRET: &str = "upstream_client_id = \"up-app\"\nupstream_client_secret = \"s3cret of the upstream\"";

/// A home in front of an upstream, with a client.
fn home(upstream: &Upstream, lines: &str) -> (TestHome, TestClient) {
    let home = TestHome::new();
    in_front_of(&home, upstream, lines);
    let client = TestClient::register_with(&home, "app", SECRET);
    (home, client)
}

/// A good assertion for the upstream.
fn assertion(client: &TestClient) -> String {
    client.assertion().claim("aud", ISSUER).sign()
}

#[test]
fn an_authenticated_client_reaches_the_upstream_with_the_upstreams_credential_and_a_replay_does_not() {
    let upstream = Upstream::start();
    let (home, client) = home(&upstream, "");
    let server = Server::start(&home);
    let assertion = assertion(&client);
    let answer = server.authenticate_with(&assertion, &[("scope", "a b")]);
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"access_token":"of the upstream"}"#));
    let received = upstream.only();
    assert_eq!(received.line, "POST /oauth2/token HTTP/1.1");
    let basic = format!("Basic {}", BASE64_STANDARD.encode("up-app:s3cret+of+the+upstream"));
    assert_eq!(received.header("authorization"), [basic]);
    assert_eq!(received.body, "grant_type=client_credentials&scope=a+b");
    assert_eq!(received.header("x-forwarded-host"), ["as.example.com"]);
    server.authenticate(&assertion).error(401, "invalid_client");
    assert_eq!(upstream.received().len(), 1, "the upstream hears nothing of a replay");
}

#[test]
fn a_gateway_has_no_endpoints_pages_and_keys_of_its_own_and_starts_without_them() {
    let upstream = Upstream::start();
    let (home, client) = home(&upstream, "");
    for file in std::fs::read_dir(home.path("repository/resources/security")).unwrap().map(Result::unwrap) {
        if file.file_name().to_str().unwrap().starts_with("token-signing") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let server = Server::start(&home);
    for path in
        ["/oauth2/authorize", "/oauth2/jwks", "/oauth2/register", "/oauth2/logout", "/oauth2/static/style.css", "/"]
    {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    assert_eq!(server.authenticate(&assertion(&client)).status, 200);
    assert_eq!(server.admin_get("/readyz").status, 200);
}
