//! The signature algorithms of the allow-list, each with the one kind of key that it fits.
//!
//! Any other algorithm, such as `none`, the HS family or ES256K, has no verifier.

use aws_lc_rs::signature::{self, VerificationAlgorithm};

use crate::ml_dsa::MlDsa;

/// A JWS signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2, RFC 9964 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
    Ps384,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519 under its older name.
    EdDsa,
    /// Ed25519 under its fully specified name.
    Ed25519,
    /// ML-DSA-44, pure, without a context.
    MlDsa44,
    /// ML-DSA-65, pure, without a context.
    MlDsa65,
    /// ML-DSA-87, pure, without a context.
    MlDsa87,
}

/// A curve of RFC 7518 section 6.2.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// The kind of key that an algorithm needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA of 2048 to 8192 bits.
    Rsa,
    /// An elliptic curve key for ECDSA.
    Ec(Curve),
    /// An Ed25519 key.
    Ed25519,
    /// A key of a parameter set of ML-DSA.
    MlDsa(MlDsa),
}

impl Algorithm {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The algorithm with this JOSE name, compared exactly (RFC 7515 section 4.1.1).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The JOSE name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        }
    }

    /// The kind of key that it needs.
    #[must_use]
    pub const fn key_kind(self) -> KeyKind {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyKind::Rsa,
            Self::Es256 => KeyKind::Ec(Curve::P256),
            Self::Es384 => KeyKind::Ec(Curve::P384),
            Self::Es512 => KeyKind::Ec(Curve::P521),
            Self::EdDsa | Self::Ed25519 => KeyKind::Ed25519,
            Self::MlDsa44 => KeyKind::MlDsa(MlDsa::Dsa44),
            Self::MlDsa65 => KeyKind::MlDsa(MlDsa::Dsa65),
            Self::MlDsa87 => KeyKind::MlDsa(MlDsa::Dsa87),
        }
    }

    /// Whether both names denote one algorithm: `EdDSA` with an Ed25519 key is `Ed25519` (RFC 9864 section 2.2).
    #[must_use]
    pub fn is_same_as(self, other: Self) -> bool {
        self == other || (self.key_kind() == KeyKind::Ed25519 && other.key_kind() == KeyKind::Ed25519)
    }

    /// The verifier. The PSS parameters of aws-lc-rs hold the salt to the length of the hash.
    pub(crate) fn verifier(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
            Self::EdDsa | Self::Ed25519 => &signature::ED25519,
            Self::MlDsa44 => MlDsa::Dsa44.verification(),
            Self::MlDsa65 => MlDsa::Dsa65.verification(),
            Self::MlDsa87 => MlDsa::Dsa87.verification(),
        }
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The `crv` value (RFC 7518 section 6.2.1.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of one coordinate.
    #[must_use]
    pub const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The ECDSA algorithm of the curve (RFC 7518 section 3.4).
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }
}

impl MlDsa {
    /// The algorithm, which has the name of the set.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Dsa44 => Algorithm::MlDsa44,
            Self::Dsa65 => Algorithm::MlDsa65,
            Self::Dsa87 => Algorithm::MlDsa87,
        }
    }
}

impl KeyKind {
    /// The algorithms that fit, in the order of [`Algorithm::ALL`].
    pub fn algorithms(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(move |algorithm| algorithm.key_kind() == self)
    }

    /// The `kty` value (RFC 7518 section 6.1, RFC 8037 section 2, RFC 9964 section 3).
    #[must_use]
    pub const fn kty(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Ec(_) => "EC",
            Self::Ed25519 => "OKP",
            Self::MlDsa(_) => "AKP",
        }
    }
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::Ec(curve) => curve.name(),
            Self::Ed25519 => "Ed25519",
            Self::MlDsa(set) => set.algorithm().name(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_exactly() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
            assert!(algorithm.key_kind().algorithms().any(|fitting| fitting == algorithm));
        }
    }

    #[test]
    fn nothing_else_is_an_algorithm() {
        for name in
            ["none", "None", "HS256", "HS384", "HS512", "ES256K", "rs256", "RS1", "", " RS256", "Ed448", "ml-dsa-44"]
        {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_two_names_of_ed25519_are_the_same_algorithm_and_no_other_two_are() {
        assert!(Algorithm::EdDsa.is_same_as(Algorithm::Ed25519));
        assert!(!Algorithm::Rs256.is_same_as(Algorithm::Ps256));
    }
}
