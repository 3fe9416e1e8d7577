//! The kinds of key that can be generated.

use crate::algorithm::{Algorithm, Curve, KeyKind};
use crate::ml_dsa::MlDsa;

/// The kinds of key that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyFamily {
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// A parameter set of ML-DSA.
    MlDsa(MlDsa),
}

impl KeyFamily {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Ed25519,
        Self::MlDsa(MlDsa::Dsa44),
        Self::MlDsa(MlDsa::Dsa65),
        Self::MlDsa(MlDsa::Dsa87),
    ];

    /// The name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::P256 => "p-256",
            Self::P384 => "p-384",
            Self::P521 => "p-521",
            Self::Ed25519 => "ed25519",
            Self::MlDsa(MlDsa::Dsa44) => "ml-dsa-44",
            Self::MlDsa(MlDsa::Dsa65) => "ml-dsa-65",
            Self::MlDsa(MlDsa::Dsa87) => "ml-dsa-87",
        }
    }

    /// The family with this name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name().eq_ignore_ascii_case(name))
    }

    /// The usual family for an algorithm.
    #[must_use]
    pub const fn for_algorithm(algorithm: Algorithm) -> Self {
        match algorithm.key_kind() {
            KeyKind::Rsa => Self::Rsa2048,
            KeyKind::Ec(Curve::P256) => Self::P256,
            KeyKind::Ec(Curve::P384) => Self::P384,
            KeyKind::Ec(Curve::P521) => Self::P521,
            KeyKind::Ed25519 => Self::Ed25519,
            KeyKind::MlDsa(set) => Self::MlDsa(set),
        }
    }
}
