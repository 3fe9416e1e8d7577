//! Tokens that mean nothing but to this server: 256 random bits behind a prefix that scanners for secrets find.
//!
//! The database holds their SHA-256 only; there is nothing to guess that a slow hash would protect.

use dropins_database::StoreError;
use dropins_protocol::names::REQUEST_URI_PREFIX;
use dropins_protocol::{TokenHash, random as random_texts};

/// 32 bytes in base64url.
const LENGTH: usize = 43;

/// What an opaque token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An authorization code.
    Code,
    /// A refresh token.
    RefreshToken,
    /// An access token.
    AccessToken,
    /// A pushed authorization request.
    PushedRequest,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "dropins_code_",
            Self::RefreshToken => "dropins_refresh_",
            Self::AccessToken => "dropins_access_",
            Self::PushedRequest => REQUEST_URI_PREFIX,
        }
    }

    /// Whether the text looks like a token of this kind; nothing else needs to be looked up.
    pub(super) fn matches(self, text: &str) -> bool {
        text.strip_prefix(self.prefix()).is_some_and(|rest| rest.len() == LENGTH)
    }
}

/// A new token.
///
/// # Errors
/// [`StoreError::Unavailable`] when the system has no random numbers.
pub(super) fn make(kind: Kind) -> Result<String, StoreError> {
    Ok(format!("{}{}", kind.prefix(), random::<32>()?))
}

/// Random bytes in base64url.
///
/// # Errors
/// [`StoreError::Unavailable`] when the system has no random numbers.
pub(super) fn random<const BYTES: usize>() -> Result<String, StoreError> {
    random_texts::base64url::<BYTES>().map_err(StoreError::unavailable)
}

/// The hash that is stored.
pub(super) fn hash(token: &str) -> String {
    TokenHash::of(token).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_its_kind_and_does_not_repeat() {
        for kind in [Kind::Code, Kind::RefreshToken, Kind::AccessToken, Kind::PushedRequest] {
            let (one, two) = (make(kind).unwrap(), make(kind).unwrap());
            assert!(kind.matches(&one) && one != two, "{one}");
            assert!(!kind.matches(&one[1..]) && !kind.matches(&one[..one.len() - 1]), "{one}");
        }
        assert!(!Kind::RefreshToken.matches(&make(Kind::Code).unwrap()));
    }

    #[test]
    fn the_hash_does_not_show_the_token() {
        let token = make(Kind::Code).unwrap();
        assert_eq!(hash(&token).len(), LENGTH);
        assert!(!token.contains(&hash(&token)));
    }
}
