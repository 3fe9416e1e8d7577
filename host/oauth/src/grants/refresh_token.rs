//! The refresh token grant (RFC 6749 section 6).
//!
//! What is rejected before the rotation consumes nothing; what it rests on is looked at each time. An access token is for
//! the granted scopes that the client is still registered for, and the answer names them. It cannot name none of them (a
//! scope has a word), and an answer without a scope would mean all that was asked for (RFC 6749 section 5.1): so when
//! nothing is left of the grant it is `invalid_grant`, after which clients ask the user anew, and when nothing is left of
//! the part that is asked for, `invalid_scope`.

use serde_json::Value;

use super::issue::{self, Issue};
use super::refusal::GrantRefusal;
use super::request::TokenRequest;
use super::validity;
use dropins_protocol::{ErrorCode, OAuthError};
use dropins_store::grants::RefreshError;
use dropins_store::grants::scope;

/// What every refresh token that cannot be used is told.
const INVALID: &str = "The refresh token is not valid";

/// Replaces a refresh token and issues an access token.
pub(super) async fn answer(request: TokenRequest<'_>) -> Result<Value, GrantRefusal> {
    let token = request.form.get("refresh_token");
    let token = token.ok_or_else(|| OAuthError::invalid_request("The parameter refresh_token is missing"))?;
    let (services, grants, client) = (request.services, request.services.grants, request.client);
    let used = grants.refresh_token(token, client.id()).await?;
    if let Some(invalidated) = validity::of_refresh_token(services.clients, services.users, &used).await? {
        return Err(GrantRefusal::invalid_grant(INVALID, invalidated));
    }
    let invalid_scope = |text: &'static str| OAuthError::new(ErrorCode::InvalidScope, text);
    let asked = scope::narrowed(request.form.get("scope"), &used.family.scope);
    let asked = asked.ok_or_else(|| invalid_scope("The scope is wider than what was granted"))?;
    let registered = validity::scope_of(client.registered(), &used.family);
    let scope: Vec<_> = asked.iter().filter(|scope| registered.contains(scope)).cloned().collect();
    if scope.is_empty() && !asked.is_empty() {
        return Err(invalid_scope("None of the scopes is registered for the client any more").into());
    }
    let validity = issue::access_token_validity(&request, used.family.subject.is_some());
    let issued = issue::make(&request, &Issue { family: Some(&used.family), scope: &scope, nonce: None })?;
    let refresh_token = grants.rotate(&used, validity, issued.opaque()).await?;
    Ok(issued.hand_out(Some(refresh_token)))
}

impl From<RefreshError> for GrantRefusal {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(down) => down.into(),
            wrong => Self::invalid_grant(INVALID, wrong),
        }
    }
}
