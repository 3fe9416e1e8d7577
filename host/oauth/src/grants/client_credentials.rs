//! The client credentials grant (RFC 6749 section 4.4): a client that acts for itself.
//!
//! Scopes that the client did not register are left out, and `scope` says what is left; if nothing is left, the answer is
//! `invalid_scope`. Without a refresh token nothing is written, unless access tokens are opaque.

use serde_json::Value;

use super::issue::{self, Issue};
use super::refusal::GrantRefusal;
use super::request::TokenRequest;
use dropins_protocol::{ErrorCode, OAuthError};
use dropins_store::grants::scope;

/// Issues an access token; an id token and a refresh token where the operator allows them.
pub(super) async fn answer(request: TokenRequest<'_>) -> Result<Value, GrantRefusal> {
    let allowed = &request.services.policy.client_credentials;
    let requested = request.form.get("scope").unwrap_or_default();
    let scope = scope::registered(requested, &request.client.registered().scopes);
    if scope.is_empty() && !requested.trim().is_empty() {
        return Err(OAuthError::new(ErrorCode::InvalidScope, "None of the scopes is registered for the client").into());
    }
    let validity = issue::refresh_token_validity(&request).filter(|_| allowed.allow_refresh_tokens);
    let (grants, client) = (request.services.grants, request.client);
    let family = validity.map(|validity| grants.family_of_client(client.id(), &scope, validity)).transpose()?;
    let issued = issue::make(&request, &Issue { family: family.as_ref(), scope: &scope, nonce: None })?;
    let refresh_token = match (&family, issued.opaque()) {
        (Some(family), opaque) => {
            let access_token = issue::access_token_validity(&request, false);
            Some(grants.start_family(family, access_token, opaque).await?)
        }
        (None, Some(opaque)) => {
            grants.store_opaque(opaque).await?;
            None
        }
        (None, None) => None,
    };
    Ok(issued.hand_out(refresh_token))
}
