//! The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

use serde_json::Value;

use super::issue::{self, Issue};
use super::refusal::GrantRefusal;
use super::request::TokenRequest;
use super::validity;
use dropins_protocol::OAuthError;
use dropins_store::grants::{Binding, CodeError, Terms};

/// What every code that cannot be redeemed is told.
const INVALID: &str = "The authorization code is not valid";

/// Redeems a code, which is worth nothing while its user may not sign in. The `scope` of the token request means nothing
/// here; the code has its own.
pub(super) async fn answer(request: TokenRequest<'_>) -> Result<Value, GrantRefusal> {
    let code = request.form.get("code").ok_or_else(|| OAuthError::invalid_request("The parameter code is missing"))?;
    let binding = Binding {
        client_id: request.client.id(),
        authenticated: request.client.is_authenticated(),
        redirect_uri: request.form.get("redirect_uri"),
        code_verifier: request.form.get("code_verifier"),
    };
    let terms = Terms {
        access_token: issue::access_token_validity(&request, true),
        refresh_token: issue::refresh_token_validity(&request),
    };
    let grants = request.services.grants;
    let code = grants.code(code, binding, terms).await?;
    if let Some(invalidated) = validity::of_user(request.services.users, code.family.subject.as_deref()).await? {
        return Err(GrantRefusal::invalid_grant(INVALID, invalidated));
    }
    let issue = Issue { family: Some(&code.family), scope: &code.family.scope, nonce: code.nonce.as_deref() };
    let issued = issue::make(&request, &issue)?;
    let refresh_token = grants.redeem(&code, issued.opaque()).await?;
    Ok(issued.hand_out(refresh_token))
}

impl From<CodeError> for GrantRefusal {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Store(down) => down.into(),
            wrong => Self::invalid_grant(INVALID, wrong),
        }
    }
}
