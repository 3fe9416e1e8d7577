//! Public keys of clients, and native signature verification.
//!
//! A key is handed out only for its own client; verification rejects an algorithm that does not fit the key.

use std::sync::Arc;

use super::Unavailable;

/// The largest number of keys that one request may be checked against.
pub const MAX_CANDIDATES: usize = 8;

/// What the JOSE header says about the signing key (RFC 7515 section 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyHint {
    /// Key id.
    pub kid: Option<String>,
    /// SHA-1 thumbprint of the certificate, base64url.
    pub x5t: Option<String>,
    /// SHA-256 thumbprint of the certificate, base64url.
    pub x5t_s256: Option<String>,
    /// Signature algorithm (RFC 7518 section 3.1, RFC 8037, RFC 9864).
    pub algorithm: String,
}

/// A public key as the log may name it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyDescription {
    /// Key id, when the key has one.
    pub kid: Option<String>,
    /// SHA-256 thumbprint of the JWK, base64url (RFC 7638).
    pub thumbprint: String,
    /// Where it came from: `certificate`, `jwks`, `jwks_uri` or `keystore`, with a name after a colon.
    pub source: String,
    /// Start of the certificate's validity, seconds since the Unix epoch.
    pub not_before: Option<i64>,
    /// End of the certificate's validity, seconds since the Unix epoch.
    pub not_after: Option<i64>,
}

/// Why the host does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// There is no verifier for this algorithm.
    #[error("there is no verifier for the algorithm {0}")]
    Algorithm(String),
    /// The algorithm does not fit the key: its type, curve, size, `alg`, `use` or `key_ops`.
    #[error("the key does not fit: {0}")]
    KeyMismatch(String),
}

/// Why no candidates can be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyLookupError {
    /// The client's own keys cannot be read or used: this client is rejected, others are not affected.
    #[error("the client's keys cannot be used: {0}")]
    Unusable(String),
    /// A part of the server is down.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// One public key.
pub trait PublicKey: Send + Sync {
    /// Identity, origin and validity.
    fn describe(&self) -> KeyDescription;

    /// The key as a JSON Web Key with its required members only (RFC 7638 section 3.2).
    fn jwk(&self) -> String;

    /// Verifies a JWS signature over the signing input (RFC 7515 section 5.2).
    ///
    /// # Errors
    /// [`Unsupported`] when the algorithm is unknown or does not fit the key.
    fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported>;
}

/// Finds the public keys of clients.
#[async_trait::async_trait]
pub trait KeySource: Send + Sync {
    /// The client's keys that fit the hint, best first, at most [`MAX_CANDIDATES`]; empty when none fits.
    ///
    /// # Errors
    /// [`KeyLookupError`] if the keys cannot be read.
    async fn candidates(&self, client_id: &str, hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError>;

    /// The keys of a trusted issuer that fit the hint, best first. By default no issuer is trusted.
    ///
    /// # Errors
    /// [`KeyLookupError`] if no key can be used.
    async fn of_issuer(&self, issuer: &str, _hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        Err(KeyLookupError::Unusable(format!("{issuer:?} is not a trusted issuer")))
    }

    /// A fixed key of no client, so that an unknown client costs as much time as a known one.
    fn decoy(&self, algorithm: &str) -> Option<Arc<dyn PublicKey>>;
}
