//! Pushed authorization requests (RFC 9126).

use crate::holder::{Holder, REDIRECT_URI};
use crate::home::TestHome;
use crate::http::Request;
use crate::server::Server;

const PATH: &str = "/oauth2/par";

const REQUEST: [(&str, &str); 5] = [
    ("response_type", "code"),
    ("redirect_uri", REDIRECT_URI),
    ("scope", "openid read"),
    ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    ("code_challenge_method", "S256"),
];

#[test]
fn a_pushed_request_is_answered_with_its_uri() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let mut known = Vec::new();
    for audience in [home.issuer(), home.token_endpoint(), format!("{}{PATH}", home.issuer())] {
        let assertion = app.client.assertion().claim("aud", audience).sign();
        let answer = app.post_with(&server, PATH, &assertion, &REQUEST);
        assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"), "{answer:?}");
        let pushed = answer.json();
        assert_eq!(pushed["expires_in"], 60);
        let uri = pushed["request_uri"].as_str().unwrap().to_owned();
        assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:") && !known.contains(&uri), "{uri}");
        known.push(uri);
        // One replay key space for all endpoints.
        app.post_with(&server, "/oauth2/revoke", &assertion, &[("token", "x")]).error(401, "invalid_client");
    }
}

#[test]
fn what_the_authorization_endpoint_would_reject_cannot_be_pushed() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    for (name, value, error) in [
        ("request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request"),
        ("request", "x", "request_not_supported"),
        ("response_type", "token", "unsupported_response_type"),
        ("redirect_uri", "http://localhost:8080/playground2/oauth2clienT", "invalid_request"),
        ("scope", "admin", "invalid_scope"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("client_id", "other", "invalid_client"),
    ] {
        let others = REQUEST.into_iter().filter(|(known, _)| *known != name);
        let fields: Vec<_> = others.chain([(name, value)]).collect();
        let status = if error == "invalid_client" { 401 } else { 400 };
        app.post(&server, PATH, &fields).error(status, error);
    }
}

#[test]
fn a_client_without_a_credential_has_at_most_a_hundred_open_requests() {
    let home = TestHome::new();
    home.append(
        "[[service_provider]]\nclient_id = \"page\"\ntoken_endpoint_auth_method = \"none\"\n\
         grant_types = [\"authorization_code\"]\nscopes = [\"read\"]\n\
         redirect_uris = [\"http://localhost:8080/playground2/oauth2client\"]\n",
    );
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let fields: Vec<_> = REQUEST.into_iter().chain([("client_id", "page")]).collect();
    let push = || server.http().send(Request::form(server.url(PATH), &fields));
    for _ in 0..100 {
        assert_eq!(push().status, 201);
    }
    let refused = push();
    refused.error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(app.post(&server, PATH, &REQUEST).status, 201, "others go on");
}
