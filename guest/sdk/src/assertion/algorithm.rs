//! The signature algorithms that a client may use, and sets of them.
//!
//! Only asymmetric algorithms have a name here: `none` and the HMAC family cannot be expressed, so no configuration
//! can let them in.

use std::fmt;

use super::rule::{AssertionReason, AssertionRule};
use crate::rejection::Rejection;
use crate::report::Report;
use crate::services::Registration;
use crate::shown::ShownOr;

/// An asymmetric JWS algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2, RFC 9964 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the IANA registry")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EdDSA,
    Ed25519,
    MLDSA44,
    MLDSA65,
    MLDSA87,
}

impl Algorithm {
    /// All of them, in the order of the metadata.
    pub const ALL: [Self; 14] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
        Self::Ed25519,
        Self::MLDSA44,
        Self::MLDSA65,
        Self::MLDSA87,
    ];

    /// The name in the IANA registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::MLDSA44 => "ML-DSA-44",
            Self::MLDSA65 => "ML-DSA-65",
            Self::MLDSA87 => "ML-DSA-87",
        }
    }

    /// The algorithm of this name, compared exactly.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether both names mean one signature scheme. `EdDSA` with the one curve that is supported is `Ed25519`.
    pub fn same_scheme(self, other: Self) -> bool {
        let edwards = |algorithm| matches!(algorithm, Self::EdDSA | Self::Ed25519);
        self == other || (edwards(self) && edwards(other))
    }
}

impl Algorithm {
    /// Whether the client may sign with this algorithm: with any, unless one is registered.
    ///
    /// # Errors
    /// [`Rejection`] when another one is registered.
    pub fn check_registered<R: AssertionReason>(
        self,
        registration: &Registration,
        report: &mut Report<R>,
    ) -> Result<(), Rejection<R>> {
        let registered = registration.signing_alg.as_deref();
        report.check(
            AssertionRule::AlgorithmNotRegistered.into(),
            registered.is_none_or(|name| Self::parse(name).is_some_and(|one| one.same_scheme(self))),
            format_args!("{}", ShownOr(registered, "no registered algorithm")),
            format_args!("{self}"),
        )
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// No algorithm.
    pub const EMPTY: Self = Self(0);
    /// Every algorithm.
    pub const ALL: Self = Self((1 << Algorithm::ALL.len()) - 1);
    /// What is accepted unless the operator names other algorithms: all but those that are newer than most verifiers.
    pub const DEFAULT: Self = Self(Self::ALL.0 & !Self::ML_DSA.0);
    /// The post-quantum algorithms.
    const ML_DSA: Self = Self::EMPTY.with(Algorithm::MLDSA44).with(Algorithm::MLDSA65).with(Algorithm::MLDSA87);
    /// What the FAPI 2.0 Security Profile allows (section 5.4.1).
    pub const FAPI2: Self =
        Self::EMPTY.with(Algorithm::PS256).with(Algorithm::ES256).with(Algorithm::EdDSA).with(Algorithm::Ed25519);
    /// What SMART App Launch requires of servers (client-confidential-asymmetric).
    pub const SMART: Self = Self::EMPTY.with(Algorithm::RS384).with(Algorithm::ES384);
    /// What the Brazilian FAPI profile allows.
    pub const OBBR: Self = Self::EMPTY.with(Algorithm::PS256);
    /// What jwt-simple verifies inside the component.
    pub const GUEST: Self = Self(Self::ALL.0 & !(1 << Algorithm::ES512 as u16));

    /// The set with this algorithm added.
    #[must_use]
    pub const fn with(self, algorithm: Algorithm) -> Self {
        Self(self.0 | (1 << algorithm as u16))
    }

    /// The algorithms in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the algorithm is in the set.
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u16) != 0
    }

    /// Whether the algorithm is allowed by this set.
    ///
    /// # Errors
    /// [`Rejection`] when it is not.
    pub fn check<R: AssertionReason>(self, algorithm: Algorithm, report: &mut Report<R>) -> Result<(), Rejection<R>> {
        let (expected, received) = (format_args!("one of {self}"), format_args!("{algorithm}"));
        report.check(AssertionRule::AlgorithmNotAllowed.into(), self.contains(algorithm), expected, received)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The algorithms, in the order of [`Algorithm::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(move |algorithm| self.contains(*algorithm))
    }
}

impl fmt::Display for AlgorithmSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, algorithm) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(algorithm.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_found_under_its_own_name_only() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
            assert!(AlgorithmSet::ALL.contains(algorithm));
        }
        for name in ["none", "HS256", "rs256", "RS256 ", "", "ES256K", "Ed448", "ML-DSA", "ml-dsa-65"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_set_lists_its_members_in_one_order() {
        assert_eq!(AlgorithmSet::FAPI2.to_string(), "PS256, ES256, EdDSA, Ed25519");
        assert!(!AlgorithmSet::GUEST.contains(Algorithm::ES512));
        assert_eq!((AlgorithmSet::GUEST.iter().count(), AlgorithmSet::DEFAULT.iter().count()), (13, 11));
        assert!(!AlgorithmSet::DEFAULT.contains(Algorithm::MLDSA65));
        assert!(AlgorithmSet::FAPI2.intersection(AlgorithmSet::EMPTY.with(Algorithm::RS256)).is_empty());
    }

    #[test]
    fn eddsa_and_ed25519_are_one_scheme() {
        assert!(Algorithm::EdDSA.same_scheme(Algorithm::Ed25519));
        assert!(Algorithm::RS256.same_scheme(Algorithm::RS256));
        assert!(!Algorithm::RS256.same_scheme(Algorithm::PS256));
    }
}
