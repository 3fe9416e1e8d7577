//! Verification inside the component.

use jwt_simple::prelude::{Claims, Duration, ECDSAP256KeyPairLike as _, ES256KeyPair, HeaderOptions};

use super::*;

/// An assertion signed by jwt-simple, with the key that verifies it.
fn signed(key: &ES256KeyPair, header: &HeaderOptions) -> (String, FakeKey) {
    let mut claims = Claims::create(Duration::from_secs(60)).with_issuer(CLIENT).with_subject(CLIENT);
    claims = claims.with_audience(ISSUER).with_jwt_id("one");
    claims.issued_at = Some(Duration::from_secs(NOW));
    claims.expires_at = Some(Duration::from_secs(NOW + 60));
    claims.invalid_before = None;
    let jwk: Value = serde_json::from_str(&key.public_key().to_jwk()).unwrap();
    let required = json!({"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]});
    let fake = FakeKey { jwk: required.to_string(), wrong: true, ..FakeKey::default() };
    (key.sign_with_options(claims, header).unwrap(), fake)
}

fn verdict(assertion: String, key: FakeKey) -> &'static str {
    after(|world| {
        world.properties.push(("SignatureVerification", "guest"));
        world.assertion = Some(assertion);
        world.keys = Ok(vec![key]);
    })
}

#[test]
fn a_signature_of_jwt_simple_is_accepted_without_asking_the_host() {
    let (assertion, key) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
    assert_eq!(verdict(assertion, key), "ok");
}

#[test]
fn a_signature_of_another_key_is_rejected() {
    let (assertion, _) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
    let (_, other) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
    assert_eq!(verdict(assertion, other), "signature-invalid");
}

#[test]
fn a_key_beyond_jwt_simple_is_unsupported() {
    let (assertion, _) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
    let key = FakeKey { jwk: r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#.to_owned(), ..FakeKey::default() };
    assert_eq!(verdict(assertion, key), "key-unsupported");
}

#[test]
fn es512_is_not_allowed() {
    let es512 = after(|world| {
        world.properties.push(("SignatureVerification", "guest"));
        world.header["alg"] = json!("ES512");
    });
    assert_eq!(es512, "algorithm-not-allowed");
}
