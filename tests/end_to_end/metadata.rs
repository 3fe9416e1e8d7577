//! Metadata and keys: what is published is what is loaded.

use serde_json::{Value, json};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;

const ALGORITHMS: [&str; 11] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

fn sorted(values: &Value) -> Vec<&str> {
    let mut values: Vec<_> = values.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    values.sort_unstable();
    values
}

#[test]
fn the_metadata_name_what_is_loaded() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let metadata = server.get("/.well-known/openid-configuration").json();
    assert_eq!(metadata, server.get("/.well-known/oauth-authorization-server").json());
    assert_eq!(metadata["issuer"], home.issuer());
    assert_eq!(metadata["token_endpoint"], home.token_endpoint());
    assert_eq!(metadata["jwks_uri"], format!("{}/oauth2/jwks", home.issuer()));
    let methods = &metadata["token_endpoint_auth_methods_supported"];
    assert_eq!(sorted(methods), ["client_secret_basic", "client_secret_post", "private_key_jwt"]);
    let algorithms = &metadata["token_endpoint_auth_signing_alg_values_supported"];
    let mut all = ALGORITHMS;
    all.sort_unstable();
    assert_eq!(sorted(algorithms), all);
}

#[test]
fn the_metadata_follow_the_configuration() {
    let home = TestHome::new();
    home.replace("order = 900\nenable = true", "order = 900\nenable = false");
    home.replace("EnableCacheForJTI = true", "AllowedAlgorithms = [\"PS256\", \"ES256\"]");
    let server = Server::start(&home);
    let metadata = server.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]));
    assert_eq!(sorted(&metadata["token_endpoint_auth_signing_alg_values_supported"]), ["ES256", "PS256"]);
    let secret = [("grant_type", "client_credentials"), ("client_id", "a"), ("client_secret", "b")];
    server.post(&secret).error(401, "invalid_client");
}

#[test]
fn a_configured_issuer_is_the_issuer_everywhere() {
    let home = TestHome::new();
    home.append("[oauth.oidc.id_token]\nissuer = \"https://is.example.com/oauth2/token\"");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let issuer = "https://is.example.com/oauth2/token";
    assert_eq!(server.get("/.well-known/openid-configuration").json()["issuer"], issuer);
    server.authenticate(&client.assertion().claim("aud", issuer).sign()).token();
    server.authenticate(&client.assertion().claim("aud", home.token_endpoint()).sign()).token();
    server.authenticate(&client.mint()).error(401, "invalid_client");
}

#[test]
fn the_server_publishes_its_public_key_and_keeps_it_over_a_restart() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let jwks = server.get("/oauth2/jwks").json();
    let key = &jwks["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&"EC".into(), &"P-256".into(), &"sig".into()));
    assert!(key.get("d").is_none(), "the private member is published");
    drop(server);
    assert_eq!(Server::start(&home).get("/oauth2/jwks").json(), jwks);
}

#[test]
fn a_host_header_changes_nothing() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let url = server.url("/.well-known/openid-configuration");
    let request = crate::http::Request::new(reqwest::Method::GET, url).header("host", "evil.example");
    let request = request.header("x-forwarded-host", "evil.example");
    assert_eq!(server.http().send(request).json()["issuer"], home.issuer());
}
