//! Reads id tokens of this server that come back as `id_token_hint` (OpenID Connect RP-Initiated Logout section 2).
//!
//! An expired one is taken: it names a session that was, and gives nothing.

use serde::Deserialize;

use super::key_ring::KeyRing;
use super::signed_access_token::verified_claims;
use super::signer::ID_TOKEN_TYPE;

/// What an id token says about the session that it came from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdTokenHint {
    iss: String,
    /// The client that it was issued to.
    #[serde(rename = "aud")]
    pub client_id: String,
    /// The user.
    #[serde(rename = "sub")]
    pub subject: String,
}

/// Parses an id token that this issuer signed with one of these keys. Returns `None` for any other text.
pub fn read_id_token_hint(text: &str, ring: &KeyRing, issuer: &str) -> Option<IdTokenHint> {
    let claims = verified_claims(text, ring, ID_TOKEN_TYPE)?;
    serde_json::from_slice(&claims).ok().filter(|hint: &IdTokenHint| hint.iss == issuer)
}
