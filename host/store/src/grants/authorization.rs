//! What a user allowed a client: the content of an authorization code.

use std::fmt;
use std::time::Duration;

/// A user's consent, ready to be redeemed by the client.
///
/// `grants.issue_code(authorization).await` makes the code of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The client.
    pub client_id: String,
    /// The user: the `sub` of the tokens.
    pub subject: String,
    /// What the user granted, already cut down to what the client registered.
    pub scope: Vec<String>,
    /// The redirect URI that the code is sent to, as it was used.
    pub redirect_uri: String,
    /// Whether the request named it: the token request must then name it too (RFC 6749 section 4.1.3).
    pub redirect_uri_given: bool,
    /// The S256 challenge of the request (RFC 7636 section 4.3).
    pub code_challenge: Option<String>,
    /// The `nonce` of the request (OpenID Connect Core section 3.1.2.1).
    pub nonce: Option<String>,
    /// When the user logged in, seconds since the Unix epoch.
    pub auth_time: u64,
    /// How long the code may be redeemed: `oauth.token_validation.authorization_code_validity`.
    pub validity: Duration,
}

/// Without the parameters of the request.
impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client_id, subject, scope, .. } = self;
        let mut shown = f.debug_struct("Authorization");
        shown.field("client_id", client_id).field("subject", subject).field("scope", scope).finish_non_exhaustive()
    }
}
