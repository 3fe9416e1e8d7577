//! A private key: generated, read from PEM, written as PEM, and used to sign JWS.
//!
//! For the command line and for the server's own tokens. Private bytes are cleared when they are dropped, and neither
//! `Debug` nor an error shows them. Clients' private keys never come here in production.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair, RsaSignatureEncoding,
};
use rustls_pki_types::pem::SectionKind;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, Curve, KeyKind};
use crate::material::Material;
use crate::{base64url, pem, spki};

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
}

impl KeyFamily {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384, Self::P521, Self::Ed25519];

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
        }
    }

    /// The family with this name, whatever its case.
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
        }
    }
}

/// Why a private key cannot be had or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The text has no private key.
    #[error("there is no private key here: it must begin with -----BEGIN PRIVATE KEY-----")]
    Missing,
    /// The private key needs a password.
    #[error("the private key is encrypted: decrypt it with `openssl pkcs8 -in FILE -out PLAIN_FILE`")]
    Encrypted,
    /// The armour is damaged.
    #[error("{0}")]
    Armour(String),
    /// The key is damaged or of a kind without an algorithm here.
    #[error("the private key cannot be used: it must be RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519")]
    Unusable,
    /// The algorithm needs another kind of key.
    #[error("{algorithm} needs a key of type {}, this one is {kind}", algorithm.key_kind())]
    Mismatch {
        /// The algorithm.
        algorithm: Algorithm,
        /// The kind of the key.
        kind: KeyKind,
    },
    /// The JOSE header names no algorithm of ours.
    #[error("the JOSE header needs an \"alg\" that the key can sign")]
    Header,
    /// The certificate cannot be made.
    #[error("the certificate cannot be made: {0}")]
    Certificate(String),
    /// The cryptographic library failed, for want of memory or randomness.
    #[error("the cryptographic library failed")]
    Library,
}

impl From<Unspecified> for SigningError {
    fn from(_: Unspecified) -> Self {
        Self::Library
    }
}

/// A private key that signs; [`std::fmt::Debug`] shows its public thumbprint only.
pub struct SigningKey {
    pair: Pair,
    material: Material,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Pair {
    fn material(&self) -> Result<Material, SigningError> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Rsa(pair) => pair.public_key().as_der()?,
            Self::Ec(pair) => pair.public_key().as_der()?,
            Self::Ed25519(pair) => pair.public_key().as_der()?,
        };
        spki::from_der(der.as_ref()).map_err(|_| SigningError::Unusable)
    }
}

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`SigningError::Library`].
    pub fn generate(family: KeyFamily) -> Result<Self, SigningError> {
        Self::new(match family {
            KeyFamily::Rsa2048 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            KeyFamily::Rsa3072 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa3072)?),
            KeyFamily::Rsa4096 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa4096)?),
            KeyFamily::P256 => Pair::Ec(EcdsaKeyPair::generate(ecdsa(Curve::P256))?),
            KeyFamily::P384 => Pair::Ec(EcdsaKeyPair::generate(ecdsa(Curve::P384))?),
            KeyFamily::P521 => Pair::Ec(EcdsaKeyPair::generate(ecdsa(Curve::P521))?),
            KeyFamily::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate()?),
        })
    }

    /// Reads the first private key of a PEM text: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or
    /// `EC PRIVATE KEY` (SEC 1). Text and other blocks around it are passed over.
    ///
    /// # Errors
    /// [`SigningError`], without quoting the text.
    pub fn from_pem(text: &str) -> Result<Self, SigningError> {
        let blocks = pem::blocks(text.as_bytes()).map_err(|error| SigningError::Armour(error.to_string()))?;
        let pair = blocks.iter().find_map(|block| match block.kind {
            SectionKind::PrivateKey => Some(from_pkcs8(&block.der)),
            SectionKind::RsaPrivateKey => Some(RsaKeyPair::from_der(&block.der).ok().map(Pair::Rsa)),
            SectionKind::EcPrivateKey => {
                Some(first_curve(|algorithm| EcdsaKeyPair::from_private_key_der(algorithm, &block.der).ok()))
            }
            _ => None,
        });
        match pair {
            Some(Some(pair)) => Self::new(pair),
            Some(None) => Err(SigningError::Unusable),
            None if pem::labels(text.as_bytes()).any(|label| label == "ENCRYPTED PRIVATE KEY") => {
                Err(SigningError::Encrypted)
            }
            None => Err(SigningError::Missing),
        }
    }

    fn new(pair: Pair) -> Result<Self, SigningError> {
        Ok(Self { material: pair.material()?, pair })
    }

    /// The kind of key.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.material.kind()
    }

    /// SHA-256 thumbprint of the public JWK, base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// The algorithms that the key can sign with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + use<> {
        self.kind().algorithms()
    }

    /// The private key in PKCS#8 DER (RFC 5208).
    pub(crate) fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, SigningError> {
        let der = match &self.pair {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair)?.as_ref().to_vec(),
            Pair::Ec(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(der))
    }

    /// The private key as `PRIVATE KEY`, cleared when dropped: write it to a file of mode 0600 and nowhere else.
    ///
    /// # Errors
    /// [`SigningError::Library`].
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, SigningError> {
        Ok(pem::armour("PRIVATE KEY", &self.to_pkcs8_der()?))
    }

    /// The public key as `PUBLIC KEY` (RFC 7468 section 13).
    ///
    /// # Errors
    /// [`SigningError::Library`].
    pub fn public_key_pem(&self) -> Result<String, SigningError> {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der()?,
            Pair::Ec(pair) => pair.public_key().as_der()?,
            Pair::Ed25519(pair) => pair.public_key().as_der()?,
        };
        Ok(pem::armour("PUBLIC KEY", der.as_ref()).to_string())
    }

    /// The public key as a JWK: its required members, the thumbprint as `kid`, and `use`. Without `alg`, since an RSA
    /// key has six.
    #[must_use]
    pub fn public_jwk(&self) -> Map<String, Value> {
        let mut jwk: Map<String, Value> = serde_json::from_str(&self.material.jwk()).unwrap_or_default();
        jwk.insert("kid".to_owned(), json!(self.thumbprint()));
        jwk.insert("use".to_owned(), json!("sig"));
        jwk
    }

    /// A JWS signature: RSA as it is, ECDSA as raw r || s (RFC 7518 section 3.4), Ed25519 as 64 bytes.
    ///
    /// # Errors
    /// [`SigningError::Mismatch`] when the algorithm needs another kind of key.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let kind = self.kind();
        if algorithm.key_kind() != kind {
            return Err(SigningError::Mismatch { algorithm, kind });
        }
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding = rsa(algorithm).ok_or(SigningError::Mismatch { algorithm, kind })?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
        }
    }

    /// A compact JWS (RFC 7515 section 3.1), signed with the `alg` of the header.
    ///
    /// # Errors
    /// [`SigningError::Header`] without a known `alg`; [`SigningError::Mismatch`] when the key does not fit it.
    pub fn compact_jws(&self, header: &Value, claims: &Value) -> Result<String, SigningError> {
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let algorithm = algorithm.ok_or(SigningError::Header)?;
        let input = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
        let signature = self.sign(algorithm, input.as_bytes())?;
        Ok(format!("{input}.{}", base64url::encode(signature)))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kind", &self.kind())
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}

fn from_pkcs8(der: &[u8]) -> Option<Pair> {
    let rsa = || RsaKeyPair::from_pkcs8(der).ok().map(Pair::Rsa);
    let ed25519 = || Ed25519KeyPair::from_pkcs8(der).ok().map(Pair::Ed25519);
    rsa().or_else(ed25519).or_else(|| first_curve(|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der).ok()))
}

fn first_curve(read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>) -> Option<Pair> {
    Curve::ALL.into_iter().find_map(|curve| read(ecdsa(curve))).map(Pair::Ec)
}

const fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

const fn rsa(algorithm: Algorithm) -> Option<&'static RsaSignatureEncoding> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
