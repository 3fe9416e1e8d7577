//! When a key of a client was last used: the answer to "is it safe to remove?".

/// One key of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The client.
    pub client_id: String,
    /// SHA-256 thumbprint of the JWK, base64url (RFC 7638).
    pub thumbprint: String,
    /// Where the key came from: `certificate`, `jwks`, `jwks_uri` or `keystore`, with a name after a colon.
    pub source: String,
    /// Since when the server knows the key.
    pub first_seen: u64,
    /// When the key last authenticated its client; never, if absent.
    pub last_used: Option<u64>,
}
