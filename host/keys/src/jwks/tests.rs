//! Key sets: every rule of the lint from both sides.

use dropins_services::PublicKey as _;
use serde_json::{Value, json};

use super::*;
use crate::{Algorithm, Finding, KeyFamily, SigningKey};

const DAY: i64 = 24 * 60 * 60;
const NOW: i64 = 1_800_000_000;

fn read_text(text: &str) -> Reading {
    read(text.as_bytes(), "jwks".to_owned(), KeyPurpose::Signature, NOW)
}

fn read_keys(keys: &[Value]) -> Reading {
    read_text(&json!({ "keys": keys }).to_string())
}

fn jwk(family: KeyFamily) -> Value {
    let mut jwk = SigningKey::generate(family).unwrap().public_jwk();
    jwk.remove("kid");
    Value::Object(jwk)
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

/// Reads the key beside a good one and returns what is said about it.
fn refusal(bad: Value) -> Finding {
    let reading = read_keys(&[jwk(KeyFamily::Ed25519), bad.clone()]);
    assert_eq!(reading.keys.len(), 1, "{bad} is used");
    assert_eq!(reading.findings.len(), 1, "{:?}", reading.findings);
    let finding = reading.findings[0].clone();
    assert!(finding.key.starts_with("keys[1]"), "{finding}");
    finding
}

#[track_caller]
fn assert_refused(bad: Value, severity: Severity, texts: &[&str]) {
    let finding = refusal(bad);
    assert_eq!(finding.severity, severity, "{finding}");
    for text in texts {
        assert!(finding.message.contains(text), "{text:?} is not in {:?}", finding.message);
    }
}

#[track_caller]
fn assert_accepted(good: Value, algorithms: &[Algorithm]) {
    let reading = read_keys(std::slice::from_ref(&good));
    assert_eq!(reading.findings, [], "{good}");
    assert_eq!(reading.keys[0].algorithms().collect::<Vec<_>>(), algorithms, "{good}");
}

#[test]
fn keys_of_every_kind_are_read_with_the_algorithms_that_fit() {
    use Algorithm::*;
    assert_accepted(jwk(KeyFamily::Rsa2048), &[Rs256, Rs384, Rs512, Ps256, Ps384, Ps512]);
    assert_accepted(jwk(KeyFamily::P256), &[Es256]);
    assert_accepted(jwk(KeyFamily::P384), &[Es384]);
    assert_accepted(jwk(KeyFamily::P521), &[Es512]);
    assert_accepted(jwk(KeyFamily::Ed25519), &[EdDsa, Ed25519]);
}

#[test]
fn unknown_members_are_ignored() {
    let unknown = with(with(jwk(KeyFamily::P256), "x-note", json!({"a": [1]})), "ext", true);
    assert_accepted(with(unknown, "x5u", "http://127.0.0.1/never-fetched"), &[Algorithm::Es256]);
}

#[test]
fn a_declared_algorithm_restricts_the_key_and_must_fit() {
    let rsa = jwk(KeyFamily::Rsa2048);
    assert_accepted(with(rsa.clone(), "alg", "PS384"), &[Algorithm::Ps384]);
    assert_accepted(with(jwk(KeyFamily::Ed25519), "alg", "EdDSA"), &[Algorithm::EdDsa, Algorithm::Ed25519]);
    assert_refused(with(rsa.clone(), "alg", "ES256"), Severity::Error, &["ES256", "RSA", "RS256, RS384"]);
    assert_refused(with(jwk(KeyFamily::P256), "alg", "ES384"), Severity::Error, &["ES384", "P-256", "ES256"]);
    assert_refused(with(rsa.clone(), "alg", "HS256"), Severity::Error, &["never accepted"]);
    assert_refused(with(rsa.clone(), "alg", "none"), Severity::Error, &["never accepted"]);
    assert_refused(with(rsa, "alg", "RSA-OAEP"), Severity::Warning, &["RSA-OAEP"]);
}

#[test]
fn a_key_that_is_not_for_signatures_is_passed_over() {
    let ec = jwk(KeyFamily::P256);
    assert_accepted(with(ec.clone(), "key_ops", json!(["verify"])), &[Algorithm::Es256]);
    assert_refused(with(ec.clone(), "use", "enc"), Severity::Warning, &["\"enc\"", "\"sig\""]);
    assert_refused(with(ec.clone(), "key_ops", json!(["sign", "encrypt"])), Severity::Warning, &["sign", "\"verify\""]);
    assert_accepted(with(ec, "key_ops", json!([])), &[Algorithm::Es256]);
}

#[test]
fn private_and_symmetric_members_are_rejected_loudly_and_never_shown() {
    for (family, names) in [
        (KeyFamily::Rsa2048, &["d", "p", "q", "dp", "dq", "qi", "oth"][..]),
        (KeyFamily::P256, &["d"]),
        (KeyFamily::MlDsa(crate::MlDsa::Dsa65), &["priv"]),
    ] {
        let jwk = jwk(family);
        for name in names {
            let finding = refusal(with(jwk.clone(), name, "c2VjcmV0"));
            assert!(finding.message.contains("PRIVATE KEY") && finding.message.contains(name), "{finding}");
            assert_eq!(finding.severity, Severity::Error);
            assert!(!finding.to_string().contains("c2VjcmV0"), "{finding}");
        }
    }
    for secret in
        [json!({"kty": "oct", "k": "c2VjcmV0"}), json!({"kty": "oct"}), with(jwk(KeyFamily::P256), "k", "c2VjcmV0")]
    {
        let finding = refusal(secret);
        assert!(finding.message.contains("SYMMETRIC KEY") && !finding.message.contains("c2VjcmV0"), "{finding}");
    }
}

#[test]
fn unknown_key_types_and_curves_are_passed_over() {
    assert_refused(json!({"kty": "AKP", "alg": "SLH-DSA", "pub": "AA"}), Severity::Warning, &["SLH-DSA"]);
    assert_refused(json!({"kty": "LWE", "alg": "x", "pub": "AA"}), Severity::Warning, &["\"LWE\""]);
    assert_refused(json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}), Severity::Warning, &["secp256k1"]);
    assert_refused(json!({"kty": "OKP", "crv": "Ed448", "x": "AA"}), Severity::Warning, &["Ed448"]);
    assert_refused(json!({"kty": "OKP", "crv": "X25519", "x": "AA"}), Severity::Warning, &["X25519"]);
}

#[test]
fn an_ml_dsa_key_names_its_algorithm_and_has_its_exact_length() {
    for set in crate::MlDsa::ALL {
        let good = jwk(KeyFamily::MlDsa(set));
        assert_accepted(good.clone(), &[set.algorithm()]);
        let without = with(good.clone(), "alg", Value::Null);
        assert_refused(without, Severity::Error, &["\"alg\" is missing"]);
        let public = base64url(&good["pub"]);
        for bad in [&public[1..], &[public.as_slice(), &[0]].concat(), &[0]] {
            let bad = with(good.clone(), "pub", crate::base64url::encode(bad));
            assert_refused(bad, Severity::Error, &[set.algorithm().name(), "needs exactly"]);
        }
        let other = crate::MlDsa::ALL.into_iter().find(|other| *other != set).unwrap();
        let bad = with(good, "alg", other.algorithm().name());
        assert_refused(bad, Severity::Error, &["needs exactly"]);
    }
}

#[test]
fn missing_members_and_wrong_types_are_errors_never_absent() {
    let ec = jwk(KeyFamily::P256);
    for (name, value, expected) in [
        ("kid", json!(5), "\"kid\" is a number, it must be a string"),
        ("use", json!(["sig"]), "\"use\" is an array"),
        ("alg", json!({}), "\"alg\" is an object"),
        ("key_ops", json!("verify"), "\"key_ops\" is a string, it must be an array of strings"),
        ("key_ops", json!([1]), "\"key_ops\" is an array with other elements"),
        ("kty", json!(true), "\"kty\" is a boolean"),
        ("crv", json!(256), "\"crv\" is a number"),
        ("x", json!(1), "\"x\" is a number"),
        ("x5c", json!("MII"), "\"x5c\" is a string"),
    ] {
        assert_refused(with(ec.clone(), name, value), Severity::Error, &[expected]);
    }
    for name in ["kty", "crv", "x", "y"] {
        let mut incomplete = ec.clone();
        incomplete.as_object_mut().unwrap().remove(name);
        assert_refused(incomplete, Severity::Error, &[&format!("{name:?} is missing")]);
    }
    assert_refused(json!("key"), Severity::Error, &["not a JSON object"]);
}

#[test]
fn numbers_must_be_canonical_base64url() {
    let ec = jwk(KeyFamily::P256);
    let x = ec["x"].as_str().unwrap();
    for bad in [format!("{x}="), format!("{x} "), x.replacen(&x[..1], "+", 1), format!("{x}\n")] {
        assert_refused(with(ec.clone(), "x", bad), Severity::Error, &["\"x\" is not base64url"]);
    }
}

#[test]
fn zero_bytes_before_an_rsa_number_carry_no_meaning_and_a_coordinate_has_its_exact_length() {
    let rsa = jwk(KeyFamily::Rsa2048);
    let plain = read_keys(std::slice::from_ref(&rsa));
    let n = base64url(&rsa["n"]);
    let java = read_keys(&[with(rsa.clone(), "n", crate::base64url::encode([&[0], n.as_slice()].concat()))]);
    assert_eq!(java.keys[0].thumbprint(), plain.keys[0].thumbprint());
    assert!(matches!(java.findings.as_slice(), [finding] if finding.severity == Severity::Warning));

    let twice = crate::base64url::encode([&[0, 0], n.as_slice()].concat());
    for padded in [with(rsa.clone(), "n", twice), with(rsa, "e", "AAEAAQ")] {
        let reading = read_keys(&[padded]);
        assert_eq!(reading.keys[0].thumbprint(), plain.keys[0].thumbprint());
        assert!(matches!(reading.findings.as_slice(), [finding] if finding.severity == Severity::Warning));
    }
    let ec = jwk(KeyFamily::P256);
    let long = crate::base64url::encode([&[0], base64url(&ec["x"]).as_slice()].concat());
    assert_refused(with(ec, "x", long), Severity::Error, &["has 33 bytes", "exactly 32"]);
}

fn base64url(value: &Value) -> Vec<u8> {
    crate::base64url::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn unsafe_numbers_are_rejected_with_what_is_allowed() {
    let rsa = jwk(KeyFamily::Rsa2048);
    let short = crate::base64url::encode(&base64url(&rsa["n"])[128..]);
    assert_refused(with(rsa.clone(), "n", short), Severity::Error, &["2048 to 8192"]);
    assert_refused(with(rsa.clone(), "e", "AQ"), Severity::Error, &["exponent is 1", "at least 3"]);
    assert_refused(with(rsa, "e", "AQAA"), Severity::Error, &["exponent is 65536", "odd"]);
    let ec = jwk(KeyFamily::P384);
    let shorter = crate::base64url::encode(&base64url(&ec["y"])[1..]);
    assert_refused(with(ec.clone(), "y", shorter), Severity::Error, &["\"y\" has 47 bytes", "exactly 48"]);
    assert_refused(with(ec.clone(), "y", ec["x"].clone()), Severity::Error, &["not on the curve P-384"]);
    assert_refused(with(jwk(KeyFamily::Ed25519), "x", "AAAA"), Severity::Error, &["3 bytes", "32"]);
}

#[test]
fn two_keys_of_one_type_with_one_kid_are_an_error_and_both_are_kept() {
    let named = |family, kid: &str| with(jwk(family), "kid", kid);
    let twins = read_keys(&[named(KeyFamily::P256, "a"), named(KeyFamily::P384, "a"), named(KeyFamily::P256, "b")]);
    assert_eq!(twins.keys.len(), 3);
    let [finding] = twins.findings.as_slice() else { panic!("{:?}", twins.findings) };
    assert_eq!((finding.severity, finding.key.as_str()), (Severity::Error, "keys[1] (kid \"a\")"));

    let others = read_keys(&[named(KeyFamily::P256, "a"), named(KeyFamily::Ed25519, "a"), named(KeyFamily::P256, "A")]);
    assert_eq!(others.findings, []);
    assert_eq!(read_keys(&[jwk(KeyFamily::P256), jwk(KeyFamily::P256)]).findings, []);
}

#[test]
fn the_certificate_in_x5c_gives_its_thumbprints_ends_nothing_and_must_hold_the_same_key() {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let x5c = |key: &SigningKey, not_after| {
        let pem = key.self_signed_certificate("c", NOW - DAY, not_after).unwrap();
        json!([pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()])
    };
    let jwk = Value::Object(key.public_jwk());

    let reading = read_keys(&[with(jwk.clone(), "x5c", x5c(&key, NOW + 300 * DAY))]);
    assert_eq!(reading.findings, []);
    assert!(reading.keys[0].x5t_s256().is_some());

    let expired = read_keys(&[with(jwk.clone(), "x5c", x5c(&key, NOW - 1))]);
    assert!(expired.findings[0].message.contains("expired") && expired.findings[0].message.contains("informational"));
    assert_eq!(expired.findings[0].severity, Severity::Warning);
    for reading in [&reading, &expired] {
        let description = reading.keys[0].describe();
        assert_eq!((description.not_before, description.not_after), (None, None), "it ends nothing");
    }

    let other = SigningKey::generate(KeyFamily::P256).unwrap();
    assert_refused(with(jwk.clone(), "x5c", x5c(&other, NOW + DAY)), Severity::Error, &["holds another key"]);
    assert_accepted(with(jwk.clone(), "x5c", json!([])), &[Algorithm::Es256]);
    assert_refused(with(jwk.clone(), "x5c", json!(["-_-_"])), Severity::Error, &["not base64"]);
    assert_refused(with(jwk, "x5c", json!(["AAAA"])), Severity::Error, &["no X.509 certificate"]);
}

#[test]
fn a_text_that_is_no_key_set_says_what_one_looks_like() {
    let cases = [
        (jwk(KeyFamily::P256).to_string(), "wrap it"),
        ("[]".to_owned(), "{\"keys\": [ ... ]}"),
        ("{}".to_owned(), "\"keys\" is missing"),
        (r#"{"keys":{}}"#.to_owned(), "must be an array"),
        (r#"{"keys":[]}"#.to_owned(), "no key here that can be used"),
        (r#"{"keys":[],"keys":[]}"#.to_owned(), "occurs twice"),
        (r#"{"keys":[{"kty":"EC","\u006bty":"RSA"}]}"#.to_owned(), "occurs twice"),
        (r#"{"keys":[] } x"#.to_owned(), "not valid JSON"),
        (String::new(), "not valid JSON"),
        (format!("{{\"keys\":[]{}}}", " ".repeat(64 * 1024)), "allowed are 65536"),
        (json!({"keys": vec![json!({}); 65]}).to_string(), "65 keys, allowed are 64"),
        (format!("{{\"keys\":[{}{}]}}", "[".repeat(16), "]".repeat(16)), "nested deeper than 16"),
    ];
    for (text, expected) in cases {
        let reading = read_text(&text);
        assert!(reading.keys.is_empty());
        let [finding] = reading.findings.as_slice() else { panic!("{:?}", reading.findings) };
        assert_eq!(finding.severity, Severity::Error);
        assert!(finding.message.contains(expected), "{expected:?} is not in {:?}", finding.message);
    }
}

#[test]
fn what_libraries_write_for_not_set_is_as_if_absent() {
    let ec = jwk(KeyFamily::P256);
    for empty in [json!(null), json!(""), json!([])] {
        let mut padded = ec.clone();
        for name in ["kid", "use", "key_ops", "alg", "x5c", "d", "p", "oth", "k", "x5t", "x5u"] {
            padded = with(padded, name, empty.clone());
        }
        assert_accepted(padded.clone(), &[Algorithm::Es256]);
        assert_eq!(read_keys(&[padded]).keys[0].kid(), None);
        for name in ["kty", "crv", "x", "y"] {
            assert_refused(with(ec.clone(), name, empty.clone()), Severity::Error, &[&format!("{name:?} is missing")]);
        }
    }
}

#[test]
fn a_byte_order_mark_is_skipped_and_another_encoding_is_named() {
    let text = json!({ "keys": [jwk(KeyFamily::P256)] }).to_string();
    assert_eq!(read_text(&format!("\u{feff}{text}")).keys.len(), 1);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let pem = SigningKey::generate(KeyFamily::P256).unwrap().public_key_pem().unwrap();
    for (bytes, expected) in
        [(wide.as_slice(), "UTF-16"), (pem.as_bytes(), "it is PEM"), (br#"{"keys":null}"#, "\"keys\" is null")]
    {
        let reading = read(bytes, "jwks".to_owned(), KeyPurpose::Signature, NOW);
        assert!(matches!(reading.findings.as_slice(), [finding] if finding.message.contains(expected)), "{expected}");
    }
}

#[test]
fn the_error_about_a_set_without_a_usable_key_tells_why_each_was_skipped() {
    let ec = jwk(KeyFamily::P256);
    for (key, cause) in [
        (with(ec.clone(), "use", "enc"), "keys[0]: its \"use\" is \"enc\""),
        (with(ec.clone(), "key_ops", json!(["sign"])), "keys[0]: its \"key_ops\" is \"sign\""),
        (with(ec.clone(), "crv", "secp256k1"), "keys[0]: the curve \"secp256k1\" is not supported"),
        (with(jwk(KeyFamily::Rsa2048), "alg", "RSA-OAEP"), "keys[0]: its \"alg\" is \"RSA-OAEP\""),
        (with(with(ec.clone(), "kid", "a"), "kty", "LWE"), "keys[0] (kid \"a\"): the key type \"LWE\""),
    ] {
        let reading = read_keys(&[key]);
        let errors: Vec<_> = reading.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        let [error] = errors.as_slice() else { panic!("{:?}", reading.findings) };
        assert!(error.message.starts_with("there is no key here that can be used"), "{error}");
        assert!(error.message.contains(cause), "{cause} is not in {error}");
    }
    let many = read_keys(&vec![with(ec, "use", "enc"); 6]);
    assert!(many.findings.last().unwrap().message.ends_with("and 2 more"), "{:?}", many.findings.last());
}

#[test]
fn sixty_four_keys_are_read() {
    let key = jwk(KeyFamily::Ed25519);
    assert_eq!(read_keys(&vec![key; 64]).keys.len(), 64);
}
