//! The algorithms of the tokens that this server signs.
//!
//! Every reader of ID tokens and JWT access tokens supports RS256 (OpenID Connect Core section 15.1, RFC 9068
//! section 4). ES256 is shorter and many times faster to sign. All others are rejected, `none` included.

/// An algorithm of signed tokens (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TokenAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl TokenAlgorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    /// Their names.
    pub const NAMES: [&str; 2] = [Self::Rs256.name(), Self::Es256.name()];

    /// That of a client's ID tokens when it registered none (OpenID Connect Dynamic Client Registration section 2).
    pub const ID_TOKEN_DEFAULT: Self = Self::Rs256;

    /// The JOSE name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm with this JOSE name, compared exactly (RFC 7515 section 4.1.1).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl std::fmt::Display for TokenAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_jose_and_nothing_else_is_one() {
        for algorithm in TokenAlgorithm::ALL {
            assert_eq!(TokenAlgorithm::parse(algorithm.name()), Some(algorithm));
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.name());
        }
        for other in ["none", "rs256", "RS384", "HS256", ""] {
            assert_eq!(TokenAlgorithm::parse(other), None, "{other}");
        }
    }
}
