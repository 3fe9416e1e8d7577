//! The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

use serde_json::Value;

use super::codes::{Binding, CodeError, Terms};
use super::issue::{self, Issue};
use super::{Asking, Refusal, standing};
use crate::http::error::OAuthError;

pub(super) const GRANT_TYPE: &str = "authorization_code";

/// What every code that cannot be redeemed is told.
const INVALID: &str = "The authorization code is not valid";

/// Redeems a code, which ends with its user's account. The `scope` of the token request means nothing here; the code
/// has its own.
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
    let redeemed = asking.app.grants.redeem(code, binding, terms).await?;
    if let Some(fallen) = standing::of_user(asking.app, redeemed.family.subject.as_deref()).await? {
        asking.app.grants.revoke_family(&redeemed.family.id).await?;
        return Err(Refusal::invalid_grant(INVALID, fallen));
    }
    let issue = Issue {
        family: Some(&redeemed.family),
        scope: &redeemed.family.scope,
        nonce: redeemed.nonce.as_deref(),
        refresh_token: redeemed.refresh_token,
    };
    issue::answer(&asking, issue).await
}

impl From<CodeError> for Refusal {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Store(down) => down.into(),
            wrong => Self::invalid_grant(INVALID, wrong),
        }
    }
}
