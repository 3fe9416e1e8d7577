//! The client directory, as far as authentication needs it.
//!
//! A disabled client is not found; a secret is compared where its hash is, never handed to a plug-in.

use super::Unavailable;

/// What is registered about a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// The client id, byte for byte.
    pub id: String,
    /// The registered `token_endpoint_auth_method` (RFC 7591 section 2).
    pub auth_method: Option<String>,
    /// The registered `token_endpoint_auth_signing_alg` (OpenID Connect Registration section 2).
    pub signing_alg: Option<String>,
    /// Per-client overrides of listener properties, under the property's name; a list value is several entries.
    pub settings: Vec<(String, String)>,
}

/// Finds clients and checks their secrets.
#[async_trait::async_trait]
pub trait ClientDirectory: Send + Sync {
    /// The enabled client with this id, compared byte for byte.
    ///
    /// # Errors
    /// [`Unavailable`] when the directory cannot be asked.
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable>;

    /// The enabled client whose registration names this subject of this trusted issuer, compared byte for byte. By
    /// default there is none.
    ///
    /// # Errors
    /// [`Unavailable`] when the directory cannot be asked.
    async fn lookup_subject(&self, _issuer: &str, _subject: &str) -> Result<Option<Registration>, Unavailable> {
        Ok(None)
    }

    /// Whether the secret is the client's. Takes as long for an unknown client and for a client without a secret.
    ///
    /// # Errors
    /// [`Unavailable`] when the directory cannot be asked.
    async fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, Unavailable>;
}
