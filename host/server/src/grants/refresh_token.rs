//! The refresh token grant (RFC 6749 section 6).
//!
//! What is refused before the rotation uses up nothing; what it stands on is looked at each time.

use serde_json::Value;

use super::issue::{self, Issue};
use super::refresh_tokens::RefreshError;
use super::{Asking, Refusal, scope, standing};
use crate::http::error::{ErrorKind, OAuthError};

pub(super) const GRANT_TYPE: &str = "refresh_token";

/// What every refresh token that cannot be used is told.
const INVALID: &str = "The refresh token is not valid";

/// Replaces a refresh token and issues an access token.
pub(super) async fn answer(asking: Asking<'_>) -> Result<Value, Refusal> {
    let token = asking.form.get("refresh_token");
    let token = token.ok_or_else(|| OAuthError::invalid_request("The parameter refresh_token is missing"))?;
    let (grants, client) = (&asking.app.grants, asking.client);
    let used = grants.refresh_token(token, client.id()).await?;
    if let Some(fallen) = standing::of_refresh_token(asking.app, asking.live, &used).await? {
        return Err(Refusal::invalid_grant(INVALID, fallen));
    }
    let scope = scope::narrowed(asking.form.get("scope"), &used.family.scope);
    let scope =
        scope.ok_or_else(|| OAuthError::new(ErrorKind::InvalidScope, "The scope is wider than what was granted"))?;
    let validity = issue::access_token_validity(&asking, used.family.subject.is_some());
    let refresh_token = grants.rotate(&used, client.key(), validity).await?;
    let issue = Issue { family: Some(&used.family), scope: &scope, nonce: None, refresh_token: Some(refresh_token) };
    issue::answer(&asking, issue).await
}

impl From<RefreshError> for Refusal {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(down) => down.into(),
            wrong => Self::invalid_grant(INVALID, wrong),
        }
    }
}
