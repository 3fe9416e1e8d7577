//! The hash of a token that this server made.
//!
//! SHA-256 is enough: a token has 256 random bits, so there is nothing to guess that a slow hash would protect.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// SHA-256 of a token, base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHash(String);

impl TokenHash {
    /// Hashes a token.
    pub fn of(token: &str) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())))
    }

    /// A hash as it was stored; a text that is no hash matches no token.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the token has this hash, in constant time.
    pub fn matches(&self, token: &str) -> bool {
        Self::of(token).0.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_matches() {
        let hash = TokenHash::stored(TokenHash::of("token").as_str().to_owned());
        assert!(hash.matches("token"));
        for other in ["", "Token", "token ", hash.as_str()] {
            assert!(!hash.matches(other), "{other}");
        }
        assert!(!TokenHash::stored(String::new()).matches(""));
    }
}
