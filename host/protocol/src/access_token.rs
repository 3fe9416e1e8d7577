//! What an access token says, whether it is signed or opaque.

/// An access token, as it is issued and as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token's own id, `jti`.
    pub id: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// The user, or the client itself (RFC 9068 section 2.2).
    pub subject: String,
    /// The granted scopes.
    pub scope: Vec<String>,
    /// When the user logged in, seconds since the Unix epoch.
    pub auth_time: Option<u64>,
    /// Seconds since the Unix epoch.
    pub issued_at: u64,
    /// Seconds since the Unix epoch.
    pub expires_at: u64,
}
