//! Private JWKs and sets of them.

use aws_lc_rs::encoding::AsBigEndian as _;
use der::asn1::UintRef;
use der::{Decode as _, Reader as _, SliceReader};
use serde_json::{Map, Value, json};

use super::*;
use crate::{KeyFamily, SigningKey};

/// A private JWK and the thumbprint of its public key.
fn jwk(family: KeyFamily) -> (Map<String, Value>, String) {
    let pair = KeyPair::generate(family).unwrap();
    let key = SigningKey::read(&pair.to_pkcs8().unwrap(), &KeyChoice::default()).unwrap();
    let mut jwk = key.public_jwk();
    let mut set = |name: &str, bytes: &[u8]| jwk.insert(name.to_owned(), json!(base64url::encode(bytes)));
    match &pair {
        KeyPair::Rsa(_) => {
            let pkcs8 = pair.to_pkcs8().unwrap();
            let at = pkcs8.windows(4).rposition(|window| window == [0x02, 0x01, 0x00, 0x02]).unwrap();
            let mut reader = SliceReader::new(&pkcs8[at..]).unwrap();
            let _version = UintRef::decode(&mut reader).unwrap();
            for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
                set(name, UintRef::decode(&mut reader).unwrap().as_bytes());
            }
            reader.finish().unwrap();
        }
        KeyPair::Ec(pair) => drop(set("d", pair.private_key().as_be_bytes().unwrap().as_ref())),
        KeyPair::Ed25519(pair) => drop(set("d", pair.seed().unwrap().as_be_bytes().unwrap().as_ref())),
        // The seed is at the end of its PKCS#8 form (RFC 9881 section 6).
        KeyPair::MlDsa(_) => {
            let pkcs8 = pair.to_pkcs8().unwrap();
            set("priv", &pkcs8[pkcs8.len() - 32..]);
        }
    }
    (jwk, key.thumbprint())
}

fn read(text: &Value, choice: &KeyChoice<'_>) -> Result<SigningKey, SigningError> {
    SigningKey::read(text.to_string().as_bytes(), choice)
}

fn message(text: &Value) -> String {
    read(text, &KeyChoice::default()).unwrap_err().to_string()
}

#[test]
fn a_private_jwk_of_every_kind_is_read_alone_and_as_the_only_private_key_of_a_set() {
    let ml_dsa = MlDsa::ALL.map(KeyFamily::MlDsa);
    let others = [KeyFamily::Rsa2048, KeyFamily::P256, KeyFamily::P384, KeyFamily::P521, KeyFamily::Ed25519];
    for family in others.into_iter().chain(ml_dsa) {
        let (jwk, thumbprint) = jwk(family);
        let public = SigningKey::generate(KeyFamily::P256).unwrap().public_jwk();
        for text in [json!(jwk), json!({ "keys": [jwk] }), json!({ "keys": [public, jwk] })] {
            let key = read(&text, &KeyChoice::default()).unwrap();
            assert_eq!(key.thumbprint(), thumbprint, "{family:?}");
            assert_eq!(key.kid(), Some(thumbprint.as_str()));
            assert!(key.sign(key.algorithms().next().unwrap(), b"message").is_ok());
        }
        let marked = format!("\u{feff}{}", json!(jwk));
        assert!(SigningKey::read(marked.as_bytes(), &KeyChoice::default()).is_ok());
    }
}

#[test]
fn the_public_part_of_an_ml_dsa_key_is_its_own_and_its_alg_is_there() {
    let (good, _) = jwk(KeyFamily::MlDsa(MlDsa::Dsa44));
    let (other, _) = jwk(KeyFamily::MlDsa(MlDsa::Dsa44));
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk.insert(name.to_owned(), value);
        read(&json!(jwk), &KeyChoice::default())
    };
    assert!(with("pub", Value::Null).is_ok());
    for (name, value) in [
        ("pub", other["pub"].clone()),
        ("pub", json!("AA")),
        ("alg", Value::Null),
        ("alg", json!("ML-DSA-65")),
        ("priv", json!("AA")),
    ] {
        assert!(with(name, value.clone()).is_err(), "{name} {value}");
    }
}

#[test]
fn of_several_private_keys_the_kid_or_the_algorithm_chooses() {
    let (rsa, rsa_thumbprint) = jwk(KeyFamily::Rsa2048);
    let (ec, ec_thumbprint) = jwk(KeyFamily::P256);
    let (second, second_thumbprint) = jwk(KeyFamily::P256);
    let set = json!({ "keys": [rsa, ec, second] });
    let choose = |kid: Option<&str>, algorithm| read(&set, &KeyChoice { kid, algorithm }).map(|key| key.thumbprint());
    assert_eq!(choose(Some(&ec_thumbprint), None).unwrap(), ec_thumbprint);
    assert_eq!(choose(None, Some(Algorithm::Ps256)).unwrap(), rsa_thumbprint);
    assert_eq!(choose(Some(&second_thumbprint), Some(Algorithm::Es256)).unwrap(), second_thumbprint);
    let several = |matching| Err(SigningError::Choice { private: 3, matching });
    assert_eq!(choose(None, None), several(3));
    assert_eq!(choose(None, Some(Algorithm::Es256)), several(2));
    assert_eq!(choose(Some("unknown"), None), several(0));
    assert_eq!(choose(None, Some(Algorithm::Es384)), several(0));
}

#[test]
fn the_alg_of_a_jwk_is_the_algorithm_that_it_signs_with() {
    let (mut jwk, _) = jwk(KeyFamily::Rsa2048);
    jwk.insert("alg".to_owned(), json!("PS256"));
    let key = read(&json!(jwk), &KeyChoice::default()).unwrap();
    assert_eq!(key.algorithms().collect::<Vec<_>>(), [Algorithm::Ps256]);
    jwk.insert("alg".to_owned(), json!("ES256"));
    assert!(matches!(read(&json!(jwk), &KeyChoice::default()), Err(SigningError::Mismatch { .. })));
    jwk.insert("alg".to_owned(), json!("HS256"));
    assert!(message(&json!(jwk)).contains("\"HS256\""));
    jwk.insert("alg".to_owned(), Value::Null);
    assert!(read(&json!(jwk), &KeyChoice::default()).is_ok());
}

#[test]
fn a_jwk_that_cannot_sign_says_why_and_shows_nothing_of_itself() {
    let (ec, _) = jwk(KeyFamily::P256);
    let (rsa, _) = jwk(KeyFamily::Rsa2048);
    let with = |jwk: &Map<String, Value>, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk.insert(name.to_owned(), value);
        json!(jwk)
    };
    let public = SigningKey::generate(KeyFamily::P256).unwrap().public_jwk();
    for (text, expected) in [
        (json!(public), "public key"),
        (json!({ "keys": [public] }), "no private key"),
        (json!({ "keys": {} }), "array of keys"),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), "symmetric"),
        (with(&rsa, "p", Value::Null), "\"p\" is missing"),
        (with(&ec, "d", json!("c2Vj cmV0")), "\"d\" is not base64url"),
        (with(&ec, "crv", json!("secp256k1")), "must be RSA"),
        (with(&ec, "x", json!("AAAA")), "must be RSA"),
        (with(&ec, "kty", Value::Null), "\"kty\" is missing"),
    ] {
        let message = message(&text);
        assert!(message.contains(expected), "{expected:?} is not in {message:?}");
        assert!(!message.contains("c2V"), "{message}");
    }
    let twice = r#"{"kty":"EC","kty":"EC"}"#;
    let error = SigningKey::from_pem(twice).unwrap_err().to_string();
    assert!(error.contains("occurs twice"), "{error}");
}
