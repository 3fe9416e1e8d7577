//! Canonical base64url without padding (RFC 7515 section 2). Rejects stray trailing bits, padding and white space.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Encodes.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes. Returns `None` unless the text is the canonical encoding of its bytes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes the SHA-256 digest.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_encoding_is_read() {
        assert_eq!(decode("AQAB"), Some(vec![1, 0, 1]));
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        for text in ["AQ==", "AR", "A", "AQAB ", "AQAB\n", "+/8", "AQ\u{e9}B"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
