//! What the keys of a set are published for, by the member `use` (RFC 7517 section 4.2).
//!
//! A SPIFFE bundle holds the keys of X.509 and of JWT identities together, so only the latter are read, and a key without
//! `use` is for neither (SPIFFE Trust Domain and Bundle section 4.2.2).

/// What a key must be published for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyPurpose {
    /// Signatures: `sig`, or no `use`.
    #[default]
    Signature,
    /// The JWT identities of a trust domain: `jwt-svid`.
    JwtSvid,
}

impl KeyPurpose {
    /// Whether a key with this `use` is for it.
    pub(crate) fn includes(self, purpose: Option<&str>) -> bool {
        match self {
            Self::Signature => purpose.is_none_or(|purpose| purpose == "sig"),
            Self::JwtSvid => purpose == Some("jwt-svid"),
        }
    }

    /// The keys that are for it, for people.
    pub(crate) const fn wanted(self) -> &'static str {
        match self {
            Self::Signature => "keys with \"sig\" or without \"use\"",
            Self::JwtSvid => "keys of a SPIFFE bundle with \"jwt-svid\"",
        }
    }
}
