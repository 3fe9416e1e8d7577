//! Whether what was granted still stands.
//!
//! A refresh token ends with the registration of the key that authenticated its client: whoever removes a key that was
//! stolen also takes back what its thief was given. It ends with its client and with its user's account as well, and so
//! does a code.

use super::Refusal;
use super::refresh_tokens::RefreshToken;
use crate::app::App;
use crate::live::Live;

/// Why it does not stand any more; for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fallen {
    /// The client is gone.
    #[error("the client is removed or disabled")]
    Client,
    /// The key is gone.
    #[error("the key {thumbprint} that authenticated the client is not registered any more")]
    Key {
        /// SHA-256 thumbprint of its JWK (RFC 7638).
        thumbprint: String,
    },
    /// The account is gone.
    #[error("the user is removed or disabled")]
    User,
}

/// What became of what a refresh token stands on; nothing when all of it is there.
///
/// # Errors
/// [`Refusal`] when it cannot be found out.
pub(crate) async fn of_refresh_token(app: &App, live: &Live, token: &RefreshToken) -> Result<Option<Fallen>, Refusal> {
    let client_id = &token.family.client_id;
    if live.clients.find(client_id).await.map_err(Refusal::unavailable)?.is_none() {
        return Ok(Some(Fallen::Client));
    }
    if let Some(thumbprint) = &token.key
        && !live.clients.has_key(client_id, thumbprint).await.map_err(Refusal::unavailable)?
    {
        return Ok(Some(Fallen::Key { thumbprint: thumbprint.clone() }));
    }
    of_user(app, token.family.subject.as_deref()).await
}

/// The same of a user; none is the subject of a client that acts for itself.
///
/// # Errors
/// [`Refusal`] when it cannot be found out.
pub(super) async fn of_user(app: &App, subject: Option<&str>) -> Result<Option<Fallen>, Refusal> {
    let Some(subject) = subject else { return Ok(None) };
    let may_sign_in = app.users.find(subject).await?.is_some_and(|user| user.enabled);
    Ok((!may_sign_in).then_some(Fallen::User))
}
