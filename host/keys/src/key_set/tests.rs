//! Which keys answer to which hint.

use serde_json::{Value, json};

use super::*;
use crate::{KeyFamily, SigningKey};

const NOW: i64 = 1_800_000_000;

fn hint(algorithm: &str) -> KeyHint {
    KeyHint { algorithm: algorithm.to_owned(), ..KeyHint::default() }
}

fn hint_kid(algorithm: &str, kid: &str) -> KeyHint {
    KeyHint { kid: Some(kid.to_owned()), ..hint(algorithm) }
}

fn jwk(family: KeyFamily, kid: Option<&str>) -> Value {
    let mut jwk = SigningKey::generate(family).unwrap().public_jwk();
    jwk.remove("kid");
    if let Some(kid) = kid {
        jwk.insert("kid".to_owned(), json!(kid));
    }
    Value::Object(jwk)
}

fn certificate() -> String {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    key.self_signed_certificate("client", NOW - 1, NOW + 100_000_000).unwrap()
}

fn set(jwks: &[Value], certificates: &[String]) -> KeySet {
    let text = json!({ "keys": jwks }).to_string();
    let mut inputs = Vec::new();
    if !jwks.is_empty() {
        inputs.push(KeyInput::Jwks { name: None, text: text.as_bytes() });
    }
    inputs.extend(certificates.iter().map(|pem| KeyInput::Certificate { name: None, bytes: pem.as_bytes() }));
    KeySet::read(&inputs, NOW).0
}

/// The places in the set of the keys that are found.
fn found(set: &KeySet, hint: &KeyHint) -> Vec<usize> {
    let place = |found: &Arc<ClientKey>| set.keys().iter().position(|key| Arc::ptr_eq(key, found)).unwrap();
    set.candidates(hint).iter().map(place).collect()
}

#[test]
fn only_keys_that_fit_the_algorithm_are_candidates() {
    let set =
        set(&[jwk(KeyFamily::P256, None), jwk(KeyFamily::Rsa2048, None), jwk(KeyFamily::Ed25519, Some("a"))], &[]);
    assert_eq!(found(&set, &hint("ES256")), [0]);
    assert_eq!(found(&set, &hint("PS512")), [1]);
    assert_eq!(found(&set, &hint_kid("EdDSA", "a")), [2]);
    for algorithm in ["ES384", "HS256", "none", ""] {
        assert!(found(&set, &hint(algorithm)).is_empty(), "{algorithm}");
    }
    assert!(found(&set, &hint_kid("RS256", "a")).is_empty());
}

#[test]
fn a_kid_selects_among_the_keys_that_have_one() {
    let set = set(&[jwk(KeyFamily::P256, Some("a")), jwk(KeyFamily::P256, Some("b"))], &[]);
    assert_eq!(found(&set, &hint_kid("ES256", "b")), [1]);
    assert!(found(&set, &hint_kid("ES256", "c")).is_empty());
    assert!(found(&set, &hint_kid("ES256", "B")).is_empty(), "compared by bytes");
    let thumbprint = set.keys()[0].thumbprint();
    assert!(found(&set, &hint_kid("ES256", thumbprint)).is_empty(), "a key with a kid answers to it alone");
}

#[test]
fn two_keys_with_one_kid_are_both_tried_in_turn() {
    let set = set(&[jwk(KeyFamily::P256, Some("a")), jwk(KeyFamily::P256, Some("a"))], &[]);
    assert_eq!(found(&set, &hint_kid("ES256", "a")), [0, 1]);
}

#[test]
fn a_key_without_a_kid_answers_to_its_thumbprints() {
    let set = set(&[jwk(KeyFamily::P256, None)], &[certificate(), certificate()]);
    for place in 0..3 {
        let key = &set.keys()[place];
        for kid in [Some(key.thumbprint()), key.x5t(), key.x5t_s256()].into_iter().flatten() {
            assert_eq!(found(&set, &hint_kid("ES256", kid)), [place]);
        }
    }
    assert!(found(&set, &hint_kid("ES256", "unknown")).is_empty());
}

#[test]
fn the_only_key_answers_to_any_kid_unless_it_has_one() {
    assert_eq!(found(&set(&[], &[certificate()]), &hint_kid("ES256", "anything")), [0]);
    assert_eq!(found(&set(&[jwk(KeyFamily::P256, None)], &[]), &hint_kid("ES256", "anything")), [0]);
    assert!(found(&set(&[jwk(KeyFamily::P256, Some("a"))], &[]), &hint_kid("ES256", "anything")).is_empty());
    let other_type = set(&[jwk(KeyFamily::Ed25519, None)], &[certificate()]);
    assert!(found(&other_type, &hint_kid("ES256", "anything")).is_empty(), "it is not the client's only key");
}

#[test]
fn without_a_kid_at_most_eight_keys_are_tried() {
    let keys: Vec<_> = (0..10).map(|_| jwk(KeyFamily::Ed25519, None)).collect();
    assert_eq!(found(&set(&keys, &[]), &hint("EdDSA")), [0, 1, 2, 3, 4, 5, 6, 7]);
    let named: Vec<_> = (0..10).map(|_| jwk(KeyFamily::Ed25519, Some("a"))).collect();
    assert_eq!(found(&set(&named, &[]), &hint_kid("EdDSA", "a")).len(), 8);
}

#[test]
fn a_certificate_thumbprint_excludes_other_certificates_and_comes_first() {
    let set = set(&[jwk(KeyFamily::P256, None)], &[certificate(), certificate()]);
    let second = &set.keys()[2];
    let x5t = KeyHint { x5t: second.x5t().map(str::to_owned), ..hint("ES256") };
    let x5t_s256 = KeyHint { x5t_s256: second.x5t_s256().map(str::to_owned), ..hint("ES256") };
    for hint in [x5t, x5t_s256] {
        assert_eq!(found(&set, &hint), [2, 0], "a key without a certificate is not excluded");
    }
}

#[test]
fn a_certificate_thumbprint_goes_before_the_kid() {
    let set = set(&[jwk(KeyFamily::P256, Some("a"))], &[certificate(), certificate()]);
    let (first, second) = (&set.keys()[1], &set.keys()[2]);
    // .NET sends the thumbprint in hexadecimal as `kid`, and in base64url as `x5t`.
    for kid in ["1F2E3D", "piraveena", second.x5t().unwrap()] {
        let x5t = KeyHint { x5t: first.x5t().map(str::to_owned), ..hint_kid("ES256", kid) };
        let x5t_s256 = KeyHint { x5t_s256: first.x5t_s256().map(str::to_owned), ..hint_kid("ES256", kid) };
        for hint in [&x5t, &x5t_s256] {
            assert_eq!(found(&set, hint), [1], "{kid}");
            assert!(set.names(hint));
        }
        let both = KeyHint { x5t_s256: second.x5t_s256().map(str::to_owned), ..x5t };
        assert!(found(&set, &both).is_empty(), "two thumbprints of two certificates name no key");
    }
    let other = KeyHint { x5t: Some("other".to_owned()), ..hint_kid("ES256", "a") };
    assert_eq!(found(&set, &other), [0], "a key without a certificate answers to its kid");
}

#[test]
fn the_memory_of_a_set_grows_with_the_number_and_the_size_of_its_keys() {
    let [small, two] = [1, 2].map(|count| set(&vec![jwk(KeyFamily::P256, None); count], &[]).memory());
    let large = set(&[jwk(KeyFamily::Rsa2048, None)], &[]).memory();
    assert!(two == 2 * small && large > two, "{small} {two} {large}");
    assert!((4_000..32_000).contains(&large), "{large}");
    assert_eq!(KeySet::default().memory(), 0);
}

#[test]
fn the_only_certificate_is_excluded_by_another_thumbprint() {
    let set = set(&[], &[certificate()]);
    assert!(found(&set, &KeyHint { x5t_s256: Some("other".to_owned()), ..hint_kid("ES256", "any") }).is_empty());
}

#[test]
fn the_lint_says_what_the_reader_says_and_names_the_source() {
    let inputs = [
        KeyInput::Jwks { name: Some("client.json"), text: b"{}" },
        KeyInput::Certificate { name: None, bytes: b"" },
        KeyInput::Certificate { name: Some("a.pem"), bytes: b"x" },
    ];
    let findings = lint(&inputs, NOW);
    assert_eq!(findings, KeySet::read(&inputs, NOW).1);
    let sources: Vec<_> = findings.iter().map(|finding| finding.source.as_str()).collect();
    assert_eq!(sources, ["jwks:client.json", "certificate", "certificate:a.pem"]);
}
