//! What an authenticated client is issued.

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;

#[test]
fn a_signed_assertion_is_answered_with_a_token() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let token = server.authenticate(&client.mint()).token();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(token["access_token"].as_str().unwrap().split('.').count(), 3);
    assert!(token.get("refresh_token").is_none() && token.get("id_token").is_none(), "{token}");
}

#[test]
fn only_registered_scopes_are_granted_and_an_id_token_needs_permission() {
    let home = TestHome::new();
    let client = TestClient::register_with(&home, "app", "scope = \"read write\"");
    let server = Server::start(&home);
    let ask = |server: &Server| server.authenticate_with(&client.mint(), &[("scope", "openid read admin")]).token();
    let token = ask(&server);
    assert_eq!((&token["scope"], token.get("id_token")), (&"openid read".into(), None));

    home.replace("allow_id_token = false", "allow_id_token = true");
    drop(server);
    let token = ask(&Server::start(&home));
    assert_eq!(token["scope"], "openid read");
    assert_eq!(token["id_token"].as_str().unwrap().split('.').count(), 3);
}

#[test]
fn a_request_of_which_no_scope_is_left_is_rejected_and_one_without_scope_is_not() {
    let home = TestHome::new();
    let client = TestClient::register_with(&home, "app", "scope = \"read\"");
    let server = Server::start(&home);
    for asked in [&[][..], &[("scope", "")], &[("scope", " ")]] {
        let token = server.authenticate_with(&client.mint(), asked).token();
        assert_eq!(token.get("scope"), None, "{token}");
    }
    for none_left in ["admin", "admin write"] {
        server.authenticate_with(&client.mint(), &[("scope", none_left)]).error(400, "invalid_scope");
    }
    for (asked, left) in [("openid", "openid"), ("openid admin", "openid"), ("admin read", "read")] {
        let token = server.authenticate_with(&client.mint(), &[("scope", asked)]).token();
        assert_eq!((&token["scope"], token.get("id_token")), (&left.into(), None));
    }
    assert_eq!(server.authenticate_with(&client.mint(), &[("scope", "read")]).token()["scope"], "read");
}

#[test]
fn a_grant_that_the_client_did_not_register_is_rejected_and_the_assertion_consumed() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    home.replace("grant_types = [\"client_credentials\"]\njwks", "grant_types = [\"authorization_code\"]\njwks");
    let server = Server::start(&home);
    let assertion = client.mint();
    server.authenticate(&assertion).error(400, "unauthorized_client");
    server.authenticate(&assertion).error(401, "invalid_client");
}

#[test]
fn an_unknown_grant_is_rejected() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.mint();
    let [_, kind, credential] = crate::server::credential(&assertion);
    server.post(&[("grant_type", "password"), kind, credential]).error(400, "unsupported_grant_type");
    server.post(&[kind, credential]).error(400, "invalid_request");
    server.authenticate(&assertion).token();
}

#[test]
fn issuer_token_endpoint_and_aliases_are_audiences_and_nothing_else_is() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    home.replace(
        "# TokenEndpointAlias = [\"https://is.example.com/oauth2/token\"]",
        "TokenEndpointAlias = \"sampleurl\"",
    );
    let server = Server::start(&home);
    for (audience, accepted) in [
        (home.issuer().into(), true),
        (home.token_endpoint().into(), true),
        ("sampleurl".into(), true),
        (serde_json::json!([home.token_endpoint(), "sampleurl"]), true),
        (serde_json::json!([home.token_endpoint(), "https://other.example"]), false),
        (format!("https://127.0.0.1:{}/oauth2/token", home.https.port()).into(), false),
        (format!("{}/", home.issuer()).into(), false),
    ] {
        let answer = server.authenticate(&client.assertion().claim("aud", audience.clone()).sign());
        assert_eq!(answer.status == 200, accepted, "{audience}: {answer:?}");
    }
}

#[test]
fn client_id_is_not_needed_and_must_fit_when_it_is_sent() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    server.authenticate_with(&client.mint(), &[("client_id", "app")]).token();
    let assertion = client.mint();
    server.authenticate_with(&assertion, &[("client_id", "App")]).error(401, "invalid_client");
    server.authenticate_with(&assertion, &[("client_id", "")]).token();
}
