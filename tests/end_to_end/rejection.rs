//! What a rejected client is told, and what the operator is told about the same rejection.

use crate::client::{Assertion, TestClient, now};
use crate::home::TestHome;
use crate::server::Server;
use dropins_keys::{KeyFamily, SigningKey};
use serde_json::{Value, json};

const FIXED: &str = "Client authentication failed";

/// Every spoiled assertion, with its reason code and a text that the reason names.
fn spoiled<'a>(
    client: &'a TestClient,
    stranger: &'a TestClient,
    thief: &'a TestClient,
) -> Vec<(&'static str, Assertion<'a>)> {
    let good = || client.assertion();
    let stolen = || thief.assertion().claim("iss", "app").claim("sub", "app");
    vec![
        ("unknown-client", stranger.assertion()),
        ("signature-invalid", stolen()),
        ("expired", good().claim("iat", now() - 700).claim("exp", now() - 600)),
        ("lifetime-too-long", good().claim("exp", now() + 2 * 86_400)),
        ("expiry-missing", good().claim("exp", Value::Null)),
        ("time-invalid", good().claim("exp", "soon")),
        ("time-in-milliseconds", good().claim("exp", (now() + 300) * 1000)),
        ("not-yet-valid", good().claim("nbf", now() + 120)),
        ("issued-in-future", good().claim("iat", now() + 120)),
        ("too-old", good().claim("iat", now() - 86_400)),
        ("audience-mismatch", good().claim("aud", "https://other.example")),
        ("audience-invalid", good().claim("aud", json!([]))),
        ("audience-invalid", good().claim("aud", Value::Null)),
        ("issuer-subject-mismatch", good().claim("iss", "someone")),
        ("issuer-invalid", good().claim("iss", 7)),
        ("subject-invalid", good().claim("sub", Value::Null)),
        ("jti-missing", good().claim("jti", Value::Null)),
        ("jti-invalid", good().claim("jti", "x".repeat(256))),
        ("token-type-wrong", good().header("typ", "at+jwt")),
        ("header-extension", good().header("crit", json!(["b64"]))),
        ("header-member-type", good().header("kid", 5)),
        ("no-matching-key", good().header("kid", "another")),
    ]
}

#[test]
fn with_detailed_errors_the_answer_has_the_reason() {
    let home = TestHome::new();
    let (client, thief) = (TestClient::register(&home, "app"), TestClient::register(&home, "thief"));
    let stranger = TestClient::unregistered(&home, "stranger");
    home.detail_errors();
    let server = Server::start(&home);
    for (reason, assertion) in spoiled(&client, &stranger, &thief) {
        let description = server.authenticate(&assertion.sign()).error(401, "invalid_client");
        assert!(description.starts_with(&format!("{reason}: ")), "{reason}: {description}");
    }
    let assertion = client.mint();
    server.authenticate(&assertion).token();
    let description = server.authenticate(&assertion).error(401, "invalid_client");
    assert!(description.starts_with("replayed: "), "{description}");
}

#[test]
fn without_them_all_wrong_credentials_look_the_same_and_the_log_has_the_reason() {
    let home = TestHome::new();
    let (client, thief) = (TestClient::register(&home, "app"), TestClient::register(&home, "thief"));
    let stranger = TestClient::unregistered(&home, "stranger");
    let server = Server::start(&home);
    for (reason, assertion) in spoiled(&client, &stranger, &thief) {
        let answer = server.authenticate(&assertion.sign());
        assert_eq!(answer.error(401, "invalid_client"), FIXED, "{reason}");
        assert_eq!(answer.header("www-authenticate"), "");
        let line = server.logged(&answer.reference());
        assert!(line.contains(reason), "{reason}: {line}");
    }
    let used = client.mint();
    server.authenticate(&used).token();
    let answer = server.authenticate(&used);
    assert_eq!(answer.error(401, "invalid_client"), FIXED);
    assert!(server.logged(&answer.reference()).contains("replayed"));
    let answer = server.post(&[("grant_type", "client_credentials")]);
    assert_eq!(answer.error(401, "invalid_client"), FIXED, "no credential at all");
}

#[test]
fn a_client_that_is_disabled_or_registered_for_another_method_is_rejected() {
    let home = TestHome::new();
    let disabled = TestClient::register_with(&home, "disabled", "enabled = false");
    let other = TestClient::register_with(&home, "other", "client_secret = \"s3cr3t\"");
    home.replace(
        "client_id = \"other\"\ntoken_endpoint_auth_method = \"private_key_jwt\"",
        "client_id = \"other\"\ntoken_endpoint_auth_method = \"client_secret_post\"",
    );
    let server = Server::start(&home);
    for (client, reason) in [(&disabled, "unknown-client"), (&other, "method-not-registered")] {
        let answer = server.authenticate(&client.mint());
        assert_eq!(answer.error(401, "invalid_client"), FIXED);
        let line = server.logged(&answer.reference());
        assert!(line.contains(reason), "{line}");
    }
}

#[test]
fn the_registered_algorithm_is_the_only_one() {
    let home = TestHome::new();
    let client = TestClient::register_with(&home, "app", "token_endpoint_auth_signing_alg = \"ES384\"");
    let keys = [client.key.public_jwk(), SigningKey::generate(KeyFamily::P384).unwrap().public_jwk()];
    std::fs::write(home.conf("app.jwks.json"), json!({ "keys": keys }).to_string()).unwrap();
    home.detail_errors();
    let server = Server::start(&home);
    let description = server.authenticate(&client.mint()).error(401, "invalid_client");
    assert!(description.starts_with("algorithm-not-registered: "), "{description}");
}

#[test]
fn an_expired_certificate_rejects_its_client_and_not_the_start_of_the_server() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "expired");
    let fresh = TestClient::register(&home, "fresh");
    let past = i64::try_from(now()).unwrap() - 86_400;
    let certificate = client.key.self_signed_certificate("expired", past - 86_400, past).unwrap();
    std::fs::write(home.conf("expired.pem"), certificate).unwrap();
    home.replace("jwks_file = \"expired.jwks.json\"", "certificate_file = \"expired.pem\"");
    home.detail_errors();
    let server = Server::start(&home);
    let description = server.authenticate(&client.mint()).error(401, "invalid_client");
    assert!(description.starts_with("certificate-expired: "), "{description}");
    server.authenticate(&fresh.mint()).token();
    server.logged("expired");
}
