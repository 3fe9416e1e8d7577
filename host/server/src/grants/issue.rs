//! The token response (RFC 6749 section 5.1): an access token, and what may go with it.
//!
//! Tokens are made first and handed out last; what they follow from is used up in between, in one transaction with all
//! that is stored. So whoever is answered with a failure has used up nothing, unless nobody knows what the commit did.

use std::time::Duration;

use serde_json::{Map, Value};

use super::access_tokens::NewAccessToken;
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
}

/// Tokens that are made, and are nobody's until everything that is stored for them is committed.
pub(super) struct Issued {
    response: Map<String, Value>,
    opaque: Option<NewAccessToken>,
}

impl Issued {
    /// The access token, if it has to be stored.
    pub(super) fn opaque(&self) -> Option<&NewAccessToken> {
        self.opaque.as_ref()
    }

    /// The answer, once all is committed, with the refresh token of the same transaction.
    pub(super) fn hand_out(mut self, refresh_token: Option<String>) -> Value {
        if let Some(refresh_token) = refresh_token {
            self.response.insert("refresh_token".to_owned(), refresh_token.into());
        }
        Value::Object(self.response)
    }
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

/// Makes the tokens; nothing is written.
///
/// # Errors
/// [`Refusal`] when a token cannot be made or signed.
pub(super) fn make(asking: &Asking<'_>, issue: &Issue<'_>) -> Result<Issued, Refusal> {
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
    let (text, opaque) = match oauth.token_type {
        TokenType::Jwt => (tokens.access_token(&access_token)?, None),
        TokenType::Opaque => {
            let opaque = NewAccessToken::make(access_token.clone())?;
            (opaque.text().to_owned(), Some(opaque))
        }
    };
    let mut response = Map::new();
    response.insert("access_token".to_owned(), text.as_str().into());
    response.insert("token_type".to_owned(), "Bearer".into());
    response.insert("expires_in".to_owned(), validity.as_secs().into());
    // A scope has at least one word (RFC 6749 section 3.3).
    if !issue.scope.is_empty() {
        response.insert("scope".to_owned(), issue.scope.join(" ").into());
    }
    if issue.scope.iter().any(|scope| scope == OPENID) {
        let id_token = tokens.id_token(&IdToken {
            algorithm: asking.client.registered().id_token_signed_response_alg,
            subject: &access_token.subject,
            client_id,
            nonce: issue.nonce,
            auth_time: access_token.auth_time,
            access_token: user.is_some().then_some(text.as_str()),
            validity: oauth.validity.id_token,
        })?;
        response.insert("id_token".to_owned(), id_token.into());
    }
    Ok(Issued { response, opaque })
}
