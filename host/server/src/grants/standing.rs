//! Whether what was granted still stands.
//!
//! A token ends with its client and with its user's account, and a code with the latter. A refresh token ends with the
//! registration of the key that authenticated its client as well: whoever removes a key that was stolen also takes back
//! what its thief was given. It ends, too, when its client is registered for nothing of what was granted.

use std::sync::Arc;

use super::Refusal;
use super::families::Family;
use super::refresh_tokens::RefreshToken;
use super::scope;
use crate::app::App;
use crate::clients::RegisteredClient;
use crate::live::Live;
use crate::tokens::AccessToken;

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
    /// Nothing is left to be given.
    #[error("the client is registered for none of the granted scopes any more")]
    Scope,
}

/// What became of what a refresh token stands on; nothing when all of it is there.
///
/// # Errors
/// [`Refusal`] when it cannot be found out.
pub(crate) async fn of_refresh_token(app: &App, live: &Live, token: &RefreshToken) -> Result<Option<Fallen>, Refusal> {
    let (family, client_id) = (&token.family, &token.family.client_id);
    let Some(client) = client(live, client_id).await? else { return Ok(Some(Fallen::Client)) };
    if let Some(thumbprint) = &token.key
        && !live.clients.has_key(client_id, thumbprint).await.map_err(Refusal::unavailable)?
    {
        return Ok(Some(Fallen::Key { thumbprint: thumbprint.clone() }));
    }
    if !family.scope.is_empty() && scope_of(live, &client, family).is_empty() {
        return Ok(Some(Fallen::Scope));
    }
    of_user(app, family.subject.as_deref()).await
}

/// The same of an access token.
///
/// # Errors
/// [`Refusal`] when it cannot be found out.
pub(crate) async fn of_access_token(app: &App, live: &Live, token: &AccessToken) -> Result<Option<Fallen>, Refusal> {
    if client(live, &token.client_id).await?.is_none() {
        return Ok(Some(Fallen::Client));
    }
    // A client that acts for itself is its own subject.
    of_user(app, Some(token.subject.as_str()).filter(|subject| *subject != token.client_id)).await
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

/// What was granted of which the client is still registered; `openid` needs no registration where a user granted it.
pub(super) fn scope_of(live: &Live, client: &RegisteredClient, family: &Family) -> Vec<String> {
    let allow_id_token = family.subject.is_some() || live.deployment.oauth.client_credentials.allow_id_token;
    scope::registered(&family.scope.join(" "), &client.scopes, allow_id_token)
}

/// The enabled client with this id.
async fn client(live: &Live, client_id: &str) -> Result<Option<Arc<RegisteredClient>>, Refusal> {
    live.clients.find(client_id).await.map_err(Refusal::unavailable)
}
