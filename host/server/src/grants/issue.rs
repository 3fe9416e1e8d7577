//! The token response (RFC 6749 section 5.1): an access token, and what may go with it.

use std::time::Duration;

use serde_json::{Value, json};

use super::families::{Family, FamilyId};
use super::{Asking, Refusal};
use crate::authorization::OPENID;
use crate::config::TokenType;
use crate::tokens::{AccessToken, IdToken};

/// What is issued for a grant.
pub(super) struct Issue<'a> {
    /// What the tokens follow from; none for an access token that stands alone.
    pub(super) family: Option<&'a Family>,
    /// What the access token is good for: all that was granted, or less.
    pub(super) scope: &'a [String],
    /// The `nonce` for the id token.
    pub(super) nonce: Option<&'a str>,
    /// The refresh token, stored already.
    pub(super) refresh_token: Option<String>,
}

/// How long an access token for this family is valid.
pub(super) fn access_token_validity(asking: &Asking<'_>, for_user: bool) -> Duration {
    let validity = &asking.live.deployment.oauth.validity;
    if for_user { validity.user_access_token } else { validity.app_access_token }
}

/// How long a refresh token is valid that the client would be given; none for a client that may not use it.
pub(super) fn refresh_token_validity(asking: &Asking<'_>) -> Option<Duration> {
    let validity = asking.live.deployment.oauth.validity.refresh_token;
    asking.client.may_use(super::refresh_token::GRANT_TYPE).then_some(validity)
}

/// Makes the tokens and the answer.
///
/// # Errors
/// [`Refusal`] when a token cannot be signed or kept.
pub(super) async fn answer(asking: &Asking<'_>, issue: Issue<'_>) -> Result<Value, Refusal> {
    let (oauth, client_id) = (&asking.live.deployment.oauth, asking.client.id());
    let user = issue.family.and_then(|family| family.subject.as_deref());
    let validity = access_token_validity(asking, user.is_some());
    let tokens = asking.app.tokens(asking.live);
    let access_token = AccessToken {
        id: FamilyId::token_id(issue.family.map(|family| &family.id))?,
        client_id: client_id.to_owned(),
        subject: user.unwrap_or(client_id).to_owned(),
        scope: issue.scope.to_vec(),
        auth_time: issue.family.and_then(|family| family.auth_time),
        issued_at: tokens.now,
        expires_at: tokens.now.saturating_add(validity.as_secs()),
    };
    let text = match oauth.token_type {
        TokenType::Jwt => tokens.access_token(&access_token)?,
        TokenType::Opaque => asking.app.grants.issue_opaque(&access_token).await?,
    };
    let mut response = json!({
        "access_token": text,
        "token_type": "Bearer",
        "expires_in": validity.as_secs(),
    });
    if let Some(members) = response.as_object_mut() {
        // A scope has at least one word (RFC 6749 section 3.3).
        if !issue.scope.is_empty() {
            members.insert("scope".to_owned(), issue.scope.join(" ").into());
        }
        if issue.scope.iter().any(|scope| scope == OPENID) {
            let id_token = tokens.id_token(&IdToken {
                subject: &access_token.subject,
                client_id,
                nonce: issue.nonce,
                auth_time: access_token.auth_time,
                access_token: user.is_some().then_some(text.as_str()),
                validity: oauth.validity.id_token,
            })?;
            members.insert("id_token".to_owned(), id_token.into());
        }
        if let Some(refresh_token) = issue.refresh_token {
            members.insert("refresh_token".to_owned(), refresh_token.into());
        }
    }
    Ok(response)
}
