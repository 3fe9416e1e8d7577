//! Private keys: made, written, read and used. That signatures verify is tested where keys verify.

use super::*;
use crate::algorithm::Curve;

fn small() -> impl Iterator<Item = KeyFamily> {
    KeyFamily::ALL.into_iter().filter(|family| !matches!(family, KeyFamily::Rsa3072 | KeyFamily::Rsa4096))
}

#[test]
fn a_key_survives_being_written_and_read() {
    for family in small() {
        let key = SigningKey::generate(family).unwrap();
        let pem = key.to_pkcs8_pem().unwrap();
        let wild = format!("Bag Attributes\r\n  localKeyID: 01\r\n{}", pem.replace('\n', "\r\n"));
        for text in [pem.as_str(), &wild] {
            assert_eq!(SigningKey::from_pem(text).unwrap().thumbprint(), key.thumbprint(), "{family:?}");
        }
    }
}

#[test]
fn the_size_of_an_rsa_key_is_the_one_that_was_asked_for() {
    for (family, bytes) in [(KeyFamily::Rsa2048, 256), (KeyFamily::Rsa3072, 384)] {
        let key = SigningKey::generate(family).unwrap();
        assert_eq!(key.sign(Algorithm::Rs256, b"").unwrap().len(), bytes);
    }
}

#[test]
fn ecdsa_signatures_have_the_fixed_length_of_jws() {
    for (family, algorithm, bytes) in [
        (KeyFamily::P256, Algorithm::Es256, 64),
        (KeyFamily::P384, Algorithm::Es384, 96),
        (KeyFamily::P521, Algorithm::Es512, 132),
        (KeyFamily::Ed25519, Algorithm::EdDsa, 64),
    ] {
        assert_eq!(SigningKey::generate(family).unwrap().sign(algorithm, b"").unwrap().len(), bytes);
    }
}

#[test]
fn another_kind_of_key_does_not_sign() {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let kind = KeyKind::Ec(Curve::P256);
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| *algorithm != Algorithm::Es256) {
        assert_eq!(key.sign(algorithm, b""), Err(SigningError::Mismatch { algorithm, kind }));
    }
}

#[test]
fn a_text_without_a_usable_private_key_says_why() {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let pem = key.to_pkcs8_pem().unwrap();
    let read = |text: &str| SigningKey::from_pem(text).unwrap_err();
    assert_eq!(read(""), SigningError::Missing);
    assert_eq!(read(&key.public_key_pem().unwrap()), SigningError::Missing);
    assert_eq!(read(&pem.replace("PRIVATE", "ENCRYPTED PRIVATE")), SigningError::Encrypted);
    assert_eq!(read("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), SigningError::Unusable);
    assert!(matches!(read(&pem.replace("-----END", "")), SigningError::Armour(_)));
}

#[test]
fn a_key_that_must_be_converted_first_names_the_command() {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let pem = key.to_pkcs8_pem().unwrap();
    let legacy = pem.replace("PRIVATE", "EC PRIVATE").replacen(
        "-----\n",
        "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
        1,
    );
    for (text, error, command) in [
        (legacy, SigningError::Encrypted, "openssl pkey"),
        (pem.replace("PRIVATE", "OPENSSH PRIVATE"), SigningError::OpenSsh, "ssh-keygen -p -m PKCS8"),
    ] {
        assert_eq!(SigningKey::from_pem(&text).unwrap_err(), error);
        assert!(error.to_string().contains(command));
    }
    let wide: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = SigningKey::read(&wide, &KeyChoice::default()).unwrap_err();
    assert!(error.to_string().contains("UTF-16"), "{error}");
}

#[test]
fn a_key_is_read_from_der_and_from_pem_with_lost_line_ends() {
    for family in small() {
        let key = SigningKey::generate(family).unwrap();
        let pem = key.to_pkcs8_pem().unwrap();
        let der = key.to_pkcs8_der().unwrap();
        for bytes in [der.as_slice(), pem.replace('\n', " ").as_bytes(), pem.replace('\n', "\\n").as_bytes()] {
            let read = SigningKey::read(bytes, &KeyChoice::default()).unwrap();
            assert_eq!(read.thumbprint(), key.thumbprint(), "{family:?}");
            assert_eq!(read.kid(), None);
        }
    }
}

#[test]
fn debug_shows_the_thumbprint_and_nothing_private() {
    let key = SigningKey::generate(KeyFamily::Ed25519).unwrap();
    let shown = format!("{key:?}");
    assert!(shown.contains(&key.thumbprint()));
    assert!(shown.len() < 150, "{shown}");
}

#[test]
fn the_public_jwk_has_its_thumbprint_as_kid_and_no_private_member() {
    for family in small() {
        let key = SigningKey::generate(family).unwrap();
        let jwk = key.public_jwk();
        assert_eq!(jwk["kid"], json!(key.thumbprint()));
        assert_eq!(jwk["use"], json!("sig"));
        assert!(["d", "p", "q", "k", "priv"].iter().all(|name| !jwk.contains_key(*name)));
    }
}

#[test]
fn a_compact_jws_is_signed_with_the_algorithm_of_its_header() {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let token = key.compact_jws(&json!({"alg": "ES256"}), &json!({"iss": "a"})).unwrap();
    let parts: Vec<_> = token.split('.').map(|part| base64url::decode(part).unwrap()).collect();
    assert_eq!((parts[0].as_slice(), parts[1].as_slice()), (&br#"{"alg":"ES256"}"#[..], &br#"{"iss":"a"}"#[..]));
    assert_eq!(parts[2].len(), 64);
    for header in [json!({}), json!({"alg": "none"}), json!({"alg": 5}), json!([])] {
        assert_eq!(key.compact_jws(&header, &json!({})), Err(SigningError::Header));
    }
    assert!(matches!(key.compact_jws(&json!({"alg": "RS256"}), &json!({})), Err(SigningError::Mismatch { .. })));
}

#[test]
fn families_are_named_and_fit_their_algorithms() {
    for family in KeyFamily::ALL {
        assert_eq!(KeyFamily::parse(&family.name().to_uppercase()), Some(family));
    }
    assert_eq!(KeyFamily::parse("rsa-1024"), None);
    for algorithm in Algorithm::ALL {
        let family = KeyFamily::for_algorithm(algorithm);
        assert!(SigningKey::generate(family).unwrap().algorithms().any(|fitting| fitting == algorithm));
    }
}
