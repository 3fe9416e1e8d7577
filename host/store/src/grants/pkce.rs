//! Proof Key for Code Exchange (RFC 7636), with S256 only.
//!
//! A verifier for a code without a challenge is refused like a missing one: an attacker may have taken the challenge
//! out of the authorization request (RFC 9700 section 2.1.1).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// Whether the verifier of the token request is that of the authorization request.
pub(super) fn agree(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) if is_verifier(verifier) => {
            let hashed = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            hashed.as_bytes().ct_eq(challenge.as_bytes()).into()
        }
        _ => false,
    }
}

/// 43 to 128 unreserved characters (RFC 7636 section 4.1).
fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_agrees() {
        assert!(agree(Some(CHALLENGE), Some(VERIFIER)));
        assert!(agree(None, None));
    }

    #[test]
    fn everything_else_does_not() {
        let wrong = VERIFIER.replace("dBj", "dBk");
        for (challenge, verifier) in [
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("")),
            (Some(CHALLENGE), Some(wrong.as_str())),
            // The method `plain` is not supported.
            (Some(VERIFIER), Some(VERIFIER)),
            (None, Some(VERIFIER)),
        ] {
            assert!(!agree(challenge, verifier), "{challenge:?} {verifier:?}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for (text, good) in [("a".repeat(42), false), ("~".repeat(43), true), ("a".repeat(128), true)] {
            assert_eq!(is_verifier(&text), good, "{text}");
        }
        assert!(!is_verifier(&"a".repeat(129)) && !is_verifier(&"+".repeat(43)) && !is_verifier(&"é".repeat(30)));
    }
}
