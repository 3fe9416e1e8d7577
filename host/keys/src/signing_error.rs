//! Why a private key cannot be read or used. No text quotes the key.

use aws_lc_rs::error::Unspecified;

use crate::algorithm::{Algorithm, KeyKind};

/// Why a private key cannot be had or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The text has no private key.
    #[error("there is no private key here: it must be PEM that begins with -----BEGIN PRIVATE KEY-----, DER, or a JWK")]
    Missing,
    /// The private key needs a password, in PKCS#8 or in the old form of PEM (`Proc-Type: 4,ENCRYPTED`).
    #[error("the private key is encrypted: decrypt it with `openssl pkey -in FILE -out PLAIN_FILE`")]
    Encrypted,
    /// The form of OpenSSH.
    #[error("the private key is in the form of OpenSSH: convert it with `ssh-keygen -p -m PKCS8 -f FILE`")]
    OpenSsh,
    /// The key type rsassaPss.
    #[error(
        "the private key is restricted to RSASSA-PSS, which is not supported: \
         use a plain RSA key (rsaEncryption), it also signs PS256, PS384 and PS512"
    )]
    RestrictedToPss,
    /// The text is in an encoding that is not read.
    #[error("{0}")]
    Encoding(&'static str),
    /// The JWK or JWK set has no private key, or a damaged one.
    #[error("the JWK cannot be used: {0}")]
    Jwk(String),
    /// The JWK set has several private keys.
    #[error(
        "the key set holds {private} private keys, and {matching} of them match the chosen kid and algorithm: \
         choose exactly one by its kid"
    )]
    Choice {
        /// Private keys in the set.
        private: usize,
        /// Those that match the choice.
        matching: usize,
    },
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
