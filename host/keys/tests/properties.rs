//! The readers of foreign text never panic, and never take a key that they call wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::OnceLock;

use dropins_keys::{KeyFamily, KeyInput, KeySet, MlDsa, Severity, SigningKey};
use dropins_services::{KeyHint, PublicKey as _};
use proptest::prelude::*;
use serde_json::json;

const NOW: i64 = 1_800_000_000;

fn jwks(text: &[u8]) -> KeySet {
    read(KeyInput::Jwks { name: None, text })
}

fn certificate(bytes: &[u8]) -> KeySet {
    read(KeyInput::Certificate { name: None, bytes })
}

/// Reads, and holds the result to what is true of every result.
fn read(input: KeyInput<'_>) -> KeySet {
    let (set, findings) = KeySet::read(&[input], NOW);
    assert!(!set.keys().is_empty() || findings.iter().any(|finding| finding.severity == Severity::Error));
    for key in set.keys() {
        assert!(key.algorithms().next().is_some());
        let again = format!("{{\"keys\":[{}]}}", key.jwk());
        let (copy, findings) = KeySet::read(&[KeyInput::Jwks { name: None, text: again.as_bytes() }], NOW);
        assert_eq!(findings, []);
        assert!(copy.keys().iter().all(|copy| copy.thumbprint() == key.thumbprint()));
    }
    set
}

fn good_jwks() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let jwk = |family| SigningKey::generate(family).unwrap().public_jwk();
        json!({"keys": [jwk(KeyFamily::P256), jwk(KeyFamily::Rsa2048), jwk(KeyFamily::Ed25519), jwk(KeyFamily::MlDsa(MlDsa::Dsa44))]})
            .to_string()
    })
}

fn good_pem() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        SigningKey::generate(KeyFamily::P256).unwrap().self_signed_certificate("c", NOW - 1, NOW + 9_999_999).unwrap()
    })
}

fn good_der() -> Vec<u8> {
    use base64::Engine as _;
    let body: String = good_pem().lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

/// Overwrites some bytes.
fn damaged(text: &[u8], damage: &[(usize, u8)]) -> Vec<u8> {
    let mut text = text.to_vec();
    for (place, byte) in damage {
        let place = place % text.len();
        text.splice(place..=place, [*byte]);
    }
    text
}

fn damage() -> impl Strategy<Value = Vec<(usize, u8)>> {
    proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)
}

/// JSON that looks like a key set.
fn json_like() -> impl Strategy<Value = String> {
    let names = "kty|crv|x|y|n|e|d|k|kid|use|alg|key_ops|x5c|keys";
    let values = r#""RSA"|"EC"|"OKP"|"P-256"|"Ed25519"|"AQAB"|""|null|1|\[\]|\{\}|"sig"|"\\u0000""#;
    let member = format!(r#""({names})":({values})"#);
    proptest::collection::vec(proptest::string::string_regex(&member).unwrap(), 0..8)
        .prop_map(|members| format!("{{\"keys\":[{{{}}}]}}", members.join(",")))
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        jwks(&bytes);
        certificate(&bytes);
        let _ = SigningKey::from_pem(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn damaged_key_sets_are_read_without_a_panic(damage in damage()) {
        jwks(&damaged(good_jwks().as_bytes(), &damage));
    }

    #[test]
    fn json_that_looks_like_a_key_set_is_read_without_a_panic(text in json_like()) {
        jwks(text.as_bytes());
    }

    #[test]
    fn damaged_certificates_are_read_without_a_panic(damage in damage()) {
        certificate(&damaged(good_pem().as_bytes(), &damage));
        certificate(&damaged(&good_der(), &damage));
    }

    #[test]
    fn armour_around_arbitrary_bytes_is_read_without_a_panic(
        label in "CERTIFICATE|PUBLIC KEY|PRIVATE KEY|EC PRIVATE KEY|[A-Z ]{0,10}",
        body in "[A-Za-z0-9+/=\n -]{0,100}",
    ) {
        let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        certificate(text.as_bytes());
        let _ = SigningKey::from_pem(&text);
    }

    #[test]
    fn any_hint_is_answered_without_a_panic_and_any_signature_with_a_verdict(
        kid in proptest::option::of(".{0,20}"),
        algorithm in "RS256|ES256|EdDSA|none|.{0,8}",
        signature in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let set = jwks(good_jwks().as_bytes());
        for key in set.candidates(&KeyHint { kid, algorithm: algorithm.clone(), ..KeyHint::default() }) {
            prop_assert_eq!(key.verify(&algorithm, b"message", &signature), Ok(false));
        }
    }
}
