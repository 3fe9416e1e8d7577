//! The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

use serde_json::Value;

use super::codes::{Binding, CodeError, Terms};
use super::issue::{self, Issue};
use super::{Asking, Refusal, standing};
use crate::http::error::OAuthError;

pub(super) const GRANT_TYPE: &str = "authorization_code";

/// What every code that cannot be redeemed is told.
const INVALID: &str = "The authorization code is not valid";

/// Redeems a code, which is worth nothing while its user may not sign in. The `scope` of the token request means nothing
/// here; the code has its own.
pub(super) async fn answer(asking: Asking<'_>) -> Result<Value, Refusal> {
    let code = asking.form.get("code").ok_or_else(|| OAuthError::invalid_request("The parameter code is missing"))?;
    let binding = Binding {
        client_id: asking.client.id(),
        authenticated: asking.client.is_authenticated(),
        redirect_uri: asking.form.get("redirect_uri"),
        code_verifier: asking.form.get("code_verifier"),
    };
    let terms = Terms {
        access_token: issue::access_token_validity(&asking, true),
        refresh_token: issue::refresh_token_validity(&asking),
        key: asking.client.key(),
    };
    let grants = &asking.app.grants;
    let code = grants.code(code, binding, terms).await?;
    if let Some(fallen) = standing::of_user(asking.app, code.family.subject.as_deref()).await? {
        return Err(Refusal::invalid_grant(INVALID, fallen));
    }
    let issue = Issue { family: Some(&code.family), scope: &code.family.scope, nonce: code.nonce.as_deref() };
    let issued = issue::make(&asking, &issue)?;
    let refresh_token = grants.redeem(&code, issued.opaque()).await?;
    Ok(issued.hand_out(refresh_token))
}

impl From<CodeError> for Refusal {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Store(down) => down.into(),
            wrong => Self::invalid_grant(INVALID, wrong),
        }
    }
}
