//! The native verifier, jwt-simple, and the component's use of jwt-simple in guest mode agree on every token.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_keys::{Algorithm, KeyFamily, KeyInput, KeySet, MlDsa, SigningKey, StaticKeySource};
use dropins_services::{KeySource as _, PublicKey as _};
use jwt_simple::prelude::*;
use private_key_jwt_authenticator::verify_in_guest;
use serde_json::json;

const NOW: u64 = 1_800_000_000;

/// What jwt-simple says about a token, given the JWK that the host hands to the component.
fn jwt_simple(algorithm: Algorithm, jwk: &str, token: &str) -> bool {
    let options = || {
        Some(VerificationOptions {
            artificial_time: Some(UnixTimeStamp::from_secs(NOW)),
            ..VerificationOptions::default()
        })
    };
    macro_rules! verify {
        ($key:ty) => {
            <$key>::from_jwk(jwk).unwrap().verify_token::<NoCustomClaims>(token, options()).is_ok()
        };
    }
    match algorithm {
        Algorithm::Rs256 => verify!(RS256PublicKey),
        Algorithm::Rs384 => verify!(RS384PublicKey),
        Algorithm::Rs512 => verify!(RS512PublicKey),
        Algorithm::Ps256 => verify!(PS256PublicKey),
        Algorithm::Ps384 => verify!(PS384PublicKey),
        Algorithm::Ps512 => verify!(PS512PublicKey),
        Algorithm::Es256 => verify!(ES256PublicKey),
        Algorithm::Es384 => verify!(ES384PublicKey),
        Algorithm::EdDsa | Algorithm::Ed25519 => verify!(Ed25519PublicKey),
        Algorithm::MlDsa44 => verify!(MLDSA44PublicKey),
        Algorithm::MlDsa65 => verify!(MLDSA65PublicKey),
        Algorithm::MlDsa87 => verify!(MLDSA87PublicKey),
        Algorithm::Es512 => panic!("jwt-simple has no ES512"),
    }
}

/// The signature, and what a hostile or careless client makes of it.
fn variants(signature: &[u8]) -> Vec<Vec<u8>> {
    let mut variants = vec![signature.to_vec(), Vec::new(), vec![0; signature.len()], vec![0xff; signature.len()]];
    for position in (0..signature.len()).step_by(signature.len() / 16) {
        let mut flipped = signature.to_vec();
        flipped[position] ^= 1 << (position % 8);
        variants.push(flipped);
    }
    variants.push(signature[1..].to_vec());
    variants.push(signature[..signature.len() - 1].to_vec());
    variants.push([signature, &[0]].concat());
    variants.push([&[0], signature].concat());
    let (r, s) = signature.split_at(signature.len() / 2);
    variants.push([s, r].concat());
    variants
}

/// The same ECDSA signature with n - s for s, which is as valid (P-256 only).
fn other_s(signature: &[u8]) -> Vec<u8> {
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut other = signature.to_vec();
    let mut borrow = 0;
    for place in (0..32).rev() {
        let difference = i16::from(N[place]) - i16::from(signature[32 + place]) - borrow;
        borrow = i16::from(difference < 0);
        other[32 + place] = difference.rem_euclid(256) as u8;
    }
    other
}

#[test]
fn all_verifiers_give_the_same_verdict_on_every_variant_of_a_token() {
    let ml_dsa = MlDsa::ALL.map(KeyFamily::MlDsa);
    let others = [KeyFamily::Rsa2048, KeyFamily::P256, KeyFamily::P384, KeyFamily::Ed25519];
    for family in others.into_iter().chain(ml_dsa) {
        let key = SigningKey::generate(family).unwrap();
        let pem = key.public_key_pem().unwrap();
        let (keys, _) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: pem.as_bytes() }], 0);
        let public = &keys.keys()[0];
        for algorithm in key.algorithms() {
            let header = json!({"alg": algorithm.name(), "typ": "JWT"});
            let token = key.compact_jws(&header, &json!({"iss": "c", "iat": NOW, "exp": NOW + 60})).unwrap();
            let (input, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let mut variants = variants(&signature);
            if algorithm == Algorithm::Es256 {
                variants.push(other_s(&signature));
                assert_eq!(
                    public.verify("ES256", input.as_bytes(), &other_s(&signature)),
                    Ok(true),
                    "high s is allowed"
                );
            }
            for variant in variants {
                let ours = public.verify(algorithm.name(), input.as_bytes(), &variant).unwrap();
                let theirs =
                    jwt_simple(algorithm, &public.jwk(), &format!("{input}.{}", URL_SAFE_NO_PAD.encode(&variant)));
                assert_eq!(ours, theirs, "{algorithm}: {variant:02x?}");
                let in_guest = private_key_jwt_authenticator::Algorithm::parse(algorithm.name()).unwrap();
                let in_guest = verify_in_guest(&public.jwk(), in_guest, input.as_bytes(), &variant);
                assert_eq!(in_guest, Ok(ours), "{algorithm}: {variant:02x?}");
            }
        }
    }
}

#[test]
fn tokens_that_jwt_simple_signs_verify_natively() {
    let claims = || Claims::create(Duration::from_mins(1));
    let rsa = SigningKey::generate(KeyFamily::Rsa2048).unwrap().to_pkcs8_pem().unwrap();
    let rs256 = RS256KeyPair::from_pem(&rsa).unwrap();
    let ps384 = PS384KeyPair::from_pem(&rsa).unwrap();
    let (es256, es384, ed25519) = (ES256KeyPair::generate(), ES384KeyPair::generate(), Ed25519KeyPair::generate());
    let ml_dsa = MLDSA65KeyPair::generate();
    let tokens = [
        ("RS256", rs256.public_key().to_jwk(), rs256.sign(claims()).unwrap()),
        ("PS384", ps384.public_key().to_jwk(), ps384.sign(claims()).unwrap()),
        ("ES256", es256.public_key().to_jwk(), es256.sign(claims()).unwrap()),
        ("ES384", es384.public_key().to_jwk(), es384.sign(claims()).unwrap()),
        ("EdDSA", ed25519.public_key().to_jwk(), ed25519.sign(claims()).unwrap()),
        ("ML-DSA-65", ml_dsa.public_key().to_jwk(), ml_dsa.sign(claims()).unwrap()),
    ];
    for (algorithm, jwk, token) in tokens {
        let text = format!("{{\"keys\":[{jwk}]}}");
        let (keys, findings) = KeySet::read(&[KeyInput::Jwks { name: None, text: text.as_bytes() }], 0);
        assert_eq!(findings, []);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert_eq!(keys.keys()[0].verify(algorithm, input.as_bytes(), &signature), Ok(true), "{algorithm}");
    }
}

#[test]
fn both_verifiers_read_every_decoy_and_refuse_with_it() {
    let source = StaticKeySource::new(HashMap::new());
    let claims = json!({"iss": "c", "iat": NOW, "exp": NOW + 60});
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| *algorithm != Algorithm::Es512) {
        let decoy = source.decoy(algorithm.name()).unwrap();
        let key = SigningKey::generate(KeyFamily::for_algorithm(algorithm)).unwrap();
        let token = key.compact_jws(&json!({"alg": algorithm.name()}), &claims).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert_eq!(decoy.verify(algorithm.name(), input.as_bytes(), &signature), Ok(false));
        assert!(!jwt_simple(algorithm, &decoy.jwk(), &token));
    }
}
