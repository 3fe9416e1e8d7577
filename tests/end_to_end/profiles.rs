//! Profiles of a listener and of a client, at the endpoints.

use dropins_keys::{KeyFamily, SigningKey};
use serde_json::json;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;

/// A client with a key of this family, with further lines in its entry.
fn client(home: &TestHome, id: &str, family: KeyFamily, lines: &str) -> TestClient {
    let client = TestClient::with_key(home, id, SigningKey::generate(family).unwrap());
    let file = format!("{id}.jwks.json");
    std::fs::write(home.conf(&file), json!({ "keys": [client.key.public_jwk()] }).to_string()).unwrap();
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{id}\"\ngrant_types = [\"client_credentials\"]\njwks_file = \"{file}\"\n\
         scope = \"system/Patient.rs\"\n{lines}\n"
    ));
    client
}

#[test]
fn a_listener_with_the_smart_profile_takes_its_assertions_and_says_so() {
    let home = TestHome::new();
    home.replace("AudienceReport = \"strict\"", "Profile = \"smart\"");
    let rsa = client(&home, "rsa", KeyFamily::Rsa2048, "");
    let ec = client(&home, "ec", KeyFamily::P384, "");
    let small = client(&home, "small", KeyFamily::P256, "");
    let server = Server::start(&home);
    let smart = server.get("/.well-known/smart-configuration");
    assert_eq!((smart.status, smart.header("content-type")), (200, "application/json"));
    let smart = smart.json();
    assert_eq!((&smart["token_endpoint"], &smart["issuer"]), (&home.token_endpoint().into(), &home.issuer().into()));
    assert_eq!(smart["token_endpoint_auth_signing_alg_values_supported"], json!(["RS384", "ES384"]));
    assert_eq!(smart["code_challenge_methods_supported"], json!(["S256"]));
    let capabilities = smart["capabilities"].as_array().unwrap();
    assert!(capabilities.contains(&"client-confidential-asymmetric".into()), "{smart}");
    assert!(smart["scopes_supported"].as_array().unwrap().contains(&"system/Patient.rs".into()), "{smart}");

    for (client, algorithm) in [(&rsa, "RS384"), (&ec, "ES384")] {
        // The specification names the token endpoint.
        let assertion = || client.assertion().header("alg", algorithm).claim("aud", home.token_endpoint());
        let token = server.authenticate_with(&assertion().sign(), &[("scope", "system/Patient.rs")]).token();
        assert_eq!(token["scope"], "system/Patient.rs");
        let long = crate::client::now() + 400;
        server.authenticate(&assertion().claim("exp", long).sign()).error(401, "invalid_client");
        let same = assertion().sign();
        server.authenticate(&same).token();
        server.authenticate(&same).error(401, "invalid_client");
    }
    server.authenticate(&small.mint()).error(401, "invalid_client");
}

#[test]
fn a_client_of_the_obbr_profile_signs_with_ps256_and_others_are_not_touched() {
    let home = TestHome::new();
    let strict = client(&home, "strict", KeyFamily::Rsa2048, "profile = \"obbr\"");
    let other = client(&home, "other", KeyFamily::Rsa2048, "");
    let server = Server::start(&home);
    let sign = |client: &TestClient, algorithm: &str| client.assertion().header("alg", algorithm).sign();
    server.authenticate(&sign(&strict, "PS256")).token();
    server.authenticate(&sign(&strict, "RS256")).error(401, "invalid_client");
    server.authenticate(&sign(&other, "RS256")).token();
    assert_eq!(server.get("/.well-known/smart-configuration").status, 404);
}
