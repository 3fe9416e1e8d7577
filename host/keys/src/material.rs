//! The public numbers of a key, checked: a [`Material`] is a key that is safe to verify with.
//!
//! Rejects RSA below 2048 or above 8192 bits, even, or with a degenerate exponent; EC points off the curve or with
//! coordinates that are not of full length; Ed25519 points that are not canonical or of small order.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};

use crate::algorithm::{Algorithm, Curve, KeyKind};
use crate::base64url;
use crate::ml_dsa::MlDsa;

/// The smallest and the largest RSA modulus, in bits (RFC 7518 section 3.3).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// aws-lc rejects longer exponents, which only slow verification down.
const MAX_EXPONENT_BITS: usize = 33;
const ED25519_BYTES: usize = 32;

/// Why public numbers are no key that may be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialError {
    /// The RSA modulus is too short or too long.
    #[error(
        "the RSA modulus has {bits} bits, allowed are 2048 to 8192: generate a new key, 2048 or 3072 bits are usual"
    )]
    RsaSize {
        /// Its length.
        bits: usize,
    },
    /// The RSA modulus is even, so it is not the product of two large primes.
    #[error("the RSA modulus is even, so it is damaged: export the key again")]
    RsaEven,
    /// The RSA exponent is 1, even, or missing.
    #[error("the RSA exponent is {value}, it must be odd and at least 3: generate a new key, 65537 is usual")]
    RsaExponent {
        /// Its value.
        value: u64,
    },
    /// The RSA exponent is too long.
    #[error("the RSA exponent has {bits} bits, allowed are at most 33: generate a new key, 65537 is usual")]
    RsaExponentSize {
        /// Its length.
        bits: usize,
    },
    /// A coordinate is not of full length (RFC 7518 section 6.2.1.2).
    #[error(
        "the coordinate {coordinate:?} has {received} bytes, {} needs exactly {expected}: keep leading zero bytes when encoding",
        curve.name()
    )]
    EcCoordinate {
        /// The curve.
        curve: Curve,
        /// `x` or `y`.
        coordinate: &'static str,
        /// What the curve needs, in bytes.
        expected: usize,
        /// What the key has, in bytes.
        received: usize,
    },
    /// The point does not satisfy the equation of the curve.
    #[error("the point (x, y) is not on the curve {}: export the key again", .0.name())]
    EcPoint(Curve),
    /// The point is stored compressed.
    #[error("the point is stored compressed: export it with `openssl ec -conv_form uncompressed`")]
    EcCompressed,
    /// An Ed25519 key has another length (RFC 8037 section 2).
    #[error("the Ed25519 key \"x\" has {received} bytes, it needs exactly 32")]
    Ed25519Length {
        /// What the key has, in bytes.
        received: usize,
    },
    /// An attacker can sign for such a point, or two libraries read it differently.
    #[error("the Ed25519 key is not canonical or of small order, so an attacker could sign for it: generate a new key")]
    Ed25519Point,
    /// An ML-DSA key has another length (RFC 9964 section 3).
    #[error("the {} key \"pub\" has {received} bytes, it needs exactly {}", set.algorithm(), set.public_bytes())]
    MlDsaLength {
        /// The parameter set.
        set: MlDsa,
        /// What the key has, in bytes.
        received: usize,
    },
    /// The library rejects the key although it passed every check above.
    #[error("the cryptographic library rejects the key: export it again or generate a new one")]
    Rejected,
}

/// Checked public numbers, big-endian without leading zeros for RSA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    Ed25519([u8; ED25519_BYTES]),
    MlDsa { set: MlDsa, public: Vec<u8> },
}

impl Material {
    /// An RSA key; leading zero bytes carry no meaning here.
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, MaterialError> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let bits = bit_length(n);
        if !RSA_BITS.contains(&bits) {
            return Err(MaterialError::RsaSize { bits });
        }
        if is_even(n) {
            return Err(MaterialError::RsaEven);
        }
        let bits = bit_length(e);
        if bits > MAX_EXPONENT_BITS {
            return Err(MaterialError::RsaExponentSize { bits });
        }
        if bits < 2 || is_even(e) {
            let value = e.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
            return Err(MaterialError::RsaExponent { value });
        }
        let material = Self::Rsa { n: n.to_vec(), e: e.to_vec() };
        material.parsed(Algorithm::Rs256)?;
        Ok(material)
    }

    /// A point of a curve of RFC 7518.
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, MaterialError> {
        let expected = curve.coordinate_bytes();
        for (coordinate, bytes) in [("x", x), ("y", y)] {
            if bytes.len() != expected {
                return Err(MaterialError::EcCoordinate { curve, coordinate, expected, received: bytes.len() });
            }
        }
        let material = Self::Ec { curve, x: x.to_vec(), y: y.to_vec() };
        material.parsed(curve.algorithm()).map_err(|_| MaterialError::EcPoint(curve))?;
        Ok(material)
    }

    /// A point in the octets of SEC 1 section 2.3.3.
    pub(crate) fn ec_point(curve: Curve, point: &[u8]) -> Result<Self, MaterialError> {
        match point.split_first() {
            Some((4, coordinates)) => {
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                Self::ec(curve, x, y)
            }
            Some((2 | 3, _)) => Err(MaterialError::EcCompressed),
            _ => Err(MaterialError::EcPoint(curve)),
        }
    }

    /// An Ed25519 public key (RFC 8032 section 5.1.5).
    pub(crate) fn ed25519(bytes: &[u8]) -> Result<Self, MaterialError> {
        let point = bytes.try_into().map_err(|_| MaterialError::Ed25519Length { received: bytes.len() })?;
        if is_weak_ed25519(point) {
            return Err(MaterialError::Ed25519Point);
        }
        // Whether `y` belongs to a point at all shows only in a signature check, which then always fails.
        Ok(Self::Ed25519(*point))
    }

    /// A public key of ML-DSA; of the right length, any bytes are one (FIPS 204 section 7.2).
    pub(crate) fn ml_dsa(set: MlDsa, public: &[u8]) -> Result<Self, MaterialError> {
        if public.len() != set.public_bytes() {
            return Err(MaterialError::MlDsaLength { set, received: public.len() });
        }
        let material = Self::MlDsa { set, public: public.to_vec() };
        material.parsed(set.algorithm())?;
        Ok(material)
    }

    /// The bytes of its numbers.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Rsa { n, e } => n.len() + e.len(),
            Self::Ec { x, y, .. } => x.len() + y.len(),
            Self::Ed25519(point) => point.len(),
            Self::MlDsa { public, .. } => public.len(),
        }
    }

    pub(crate) const fn kind(&self) -> KeyKind {
        match self {
            Self::Rsa { .. } => KeyKind::Rsa,
            Self::Ec { curve, .. } => KeyKind::Ec(*curve),
            Self::Ed25519(_) => KeyKind::Ed25519,
            Self::MlDsa { set, .. } => KeyKind::MlDsa(*set),
        }
    }

    /// The required members in lexicographic order without white space: the input of the thumbprint (RFC 7638
    /// section 3.2, RFC 8037 appendix A.3, RFC 9964 section 6) and at the same time a complete JWK.
    pub(crate) fn jwk(&self) -> String {
        let b64 = |bytes: &[u8]| base64url::encode(bytes);
        match self {
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n)),
            Self::Ec { curve, x, y } => {
                format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, curve.name(), b64(x), b64(y))
            }
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(x)),
            Self::MlDsa { set, public } => {
                format!(r#"{{"alg":"{}","kty":"AKP","pub":"{}"}}"#, set.algorithm(), b64(public))
            }
        }
    }

    /// The RFC 7638 thumbprint with SHA-256, base64url.
    pub(crate) fn thumbprint(&self) -> String {
        base64url::sha256(self.jwk())
    }

    /// A verifier for an algorithm of this kind of key, parsed once.
    pub(crate) fn parsed(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, MaterialError> {
        let verifier = algorithm.verifier();
        match self {
            Self::Rsa { n, e } => {
                // aws-lc checks the DER form as a whole; it does not check bare components.
                let der: Result<PublicKeyX509Der<'_>, _> = RsaPublicKeyComponents { n, e }.as_der();
                ParsedPublicKey::new(verifier, der.map_err(|_| MaterialError::Rejected)?.as_ref())
            }
            Self::Ec { x, y, .. } => ParsedPublicKey::new(verifier, [&[4], x.as_slice(), y.as_slice()].concat()),
            Self::Ed25519(point) => ParsedPublicKey::new(verifier, point),
            Self::MlDsa { public, .. } => ParsedPublicKey::new(verifier, public),
        }
        .map_err(|_| MaterialError::Rejected)
    }
}

fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some((0, rest)) = bytes.split_first() {
        bytes = rest;
    }
    bytes
}

/// Of a number without leading zero bytes.
fn bit_length(bytes: &[u8]) -> usize {
    let unused = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
    bytes.len().saturating_mul(8).saturating_sub(unused)
}

fn is_even(bytes: &[u8]) -> bool {
    bytes.last().is_none_or(|last| last % 2 == 0)
}

/// The `y` coordinates of the points whose order divides 8, little-endian: 0, 1, -1, and the two of order 8.
const SMALL_ORDER_Y: [[u8; ED25519_BYTES]; 5] = {
    let mut one = [0; ED25519_BYTES];
    one[0] = 1;
    let mut minus_one = [0xff; ED25519_BYTES];
    minus_one[0] = 0xec;
    minus_one[ED25519_BYTES - 1] = 0x7f;
    [
        [0; ED25519_BYTES],
        one,
        minus_one,
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ]
};

/// Whether the point is of small order, or its `y` is not below 2^255 - 19.
fn is_weak_ed25519(point: &[u8; ED25519_BYTES]) -> bool {
    let mut y = *point;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    let [first, middle @ .., last] = y;
    let not_canonical = last == 0x7f && middle.iter().all(|byte| *byte == 0xff) && first >= 0xed;
    not_canonical || SMALL_ORDER_Y.contains(&y)
}

#[cfg(test)]
mod tests;
