//! Whether a grant is still valid.
//!
//! A token is invalid once its client or its user's account is removed or disabled, and a code once the account is. A
//! refresh token is bound to its client (RFC 6749 section 6), not to the key that authenticated it: a rotated key ends
//! nothing. It is invalid once its client is registered for none of the granted scopes.

use std::sync::Arc;

use super::refusal::GrantRefusal;
use crate::clients::{Directory, RegisteredClient};
use dropins_protocol::AccessToken;
use dropins_store::grants::Family;
use dropins_store::grants::RefreshToken;
use dropins_store::grants::scope;
use dropins_store::users::Users;

/// Why a grant is no longer valid; for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalidated {
    /// The client is gone.
    #[error("the client is removed or disabled")]
    Client,
    /// The account is gone.
    #[error("the user is removed or disabled")]
    User,
    /// Nothing is left to be given.
    #[error("the client is registered for none of the granted scopes any more")]
    Scope,
}

/// Why a refresh token is no longer valid. Returns `None` while it is.
///
/// # Errors
/// [`GrantRefusal`] if a store does not answer.
pub async fn of_refresh_token(
    clients: &Directory,
    users: &Users,
    token: &RefreshToken,
) -> Result<Option<Invalidated>, GrantRefusal> {
    let family = &token.family;
    let Some(client) = client(clients, &family.client_id).await? else {
        return Ok(Some(Invalidated::Client));
    };
    if !family.scope.is_empty() && scope_of(&client, family).is_empty() {
        return Ok(Some(Invalidated::Scope));
    }
    of_user(users, family.subject.as_deref()).await
}

/// Why an access token is no longer valid. Returns `None` while it is.
///
/// # Errors
/// [`GrantRefusal`] if a store does not answer.
pub async fn of_access_token(
    clients: &Directory,
    users: &Users,
    token: &AccessToken,
) -> Result<Option<Invalidated>, GrantRefusal> {
    if client(clients, &token.client_id).await?.is_none() {
        return Ok(Some(Invalidated::Client));
    }
    // A client that acts for itself is its own subject.
    of_user(users, Some(token.subject.as_str()).filter(|subject| *subject != token.client_id)).await
}

/// Why a user's grants are no longer valid; `subject` is `None` for a client that acts for itself.
///
/// # Errors
/// [`GrantRefusal`] if the database does not answer.
pub(super) async fn of_user(users: &Users, subject: Option<&str>) -> Result<Option<Invalidated>, GrantRefusal> {
    let Some(subject) = subject else { return Ok(None) };
    let may_sign_in = users.find(subject).await?.is_some_and(|user| user.enabled);
    Ok((!may_sign_in).then_some(Invalidated::User))
}

/// The granted scopes that the client is still registered for; `openid` needs no registration.
pub(super) fn scope_of(client: &RegisteredClient, family: &Family) -> Vec<String> {
    scope::registered(&family.scope.join(" "), &client.scopes)
}

/// The enabled client with this id.
async fn client(clients: &Directory, client_id: &str) -> Result<Option<Arc<RegisteredClient>>, GrantRefusal> {
    clients.find(client_id).await.map_err(GrantRefusal::unavailable)
}
