//! The parameter sets of ML-DSA (FIPS 204), each of which is one JWS algorithm (RFC 9964 section 4).

use aws_lc_rs::signature::{self, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm};

/// A parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MlDsa {
    /// ML-DSA-44, of NIST category 2.
    Dsa44,
    /// ML-DSA-65, of NIST category 3.
    Dsa65,
    /// ML-DSA-87, of NIST category 5.
    Dsa87,
}

impl MlDsa {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dsa44, Self::Dsa65, Self::Dsa87];

    /// Bytes of a public key (FIPS 204 table 2).
    #[must_use]
    pub const fn public_bytes(self) -> usize {
        match self {
            Self::Dsa44 => 1312,
            Self::Dsa65 => 1952,
            Self::Dsa87 => 2592,
        }
    }

    /// Bytes of a signature (FIPS 204 table 2).
    #[must_use]
    pub const fn signature_bytes(self) -> usize {
        match self {
            Self::Dsa44 => 2420,
            Self::Dsa65 => 3309,
            Self::Dsa87 => 4627,
        }
    }

    /// The object identifier of its keys (RFC 9881 section 3), `2.16.840.1.101.3.4.3.17` and the two that follow.
    pub(crate) const fn oid(self) -> &'static str {
        match self {
            Self::Dsa44 => "2.16.840.1.101.3.4.3.17",
            Self::Dsa65 => "2.16.840.1.101.3.4.3.18",
            Self::Dsa87 => "2.16.840.1.101.3.4.3.19",
        }
    }

    pub(crate) const fn verification(self) -> &'static PqdsaVerificationAlgorithm {
        match self {
            Self::Dsa44 => &signature::ML_DSA_44,
            Self::Dsa65 => &signature::ML_DSA_65,
            Self::Dsa87 => &signature::ML_DSA_87,
        }
    }

    pub(crate) const fn signing(self) -> &'static PqdsaSigningAlgorithm {
        match self {
            Self::Dsa44 => &signature::ML_DSA_44_SIGNING,
            Self::Dsa65 => &signature::ML_DSA_65_SIGNING,
            Self::Dsa87 => &signature::ML_DSA_87_SIGNING,
        }
    }
}
