//! What of the authorization request this server supports, for its reader and for the metadata.

/// The only response type.
pub const RESPONSE_TYPES: [&str; 1] = ["code"];
/// The only response mode.
pub const RESPONSE_MODES: [&str; 1] = ["query"];
/// The only transformation of a code verifier (RFC 7636 section 4.2).
pub const CODE_CHALLENGE_METHODS: [&str; 1] = ["S256"];
