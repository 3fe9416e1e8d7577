//! The token response (RFC 6749 section 5.1): an access token, and what may go with it.
//!
//! Tokens are made first and handed out last. The code or refresh token is consumed in between, in one transaction with
//! all that is stored: a client that receives an error has consumed nothing, unless the effect of the commit is unknown.

use std::time::Duration;

use serde_json::{Map, Value};

use super::refusal::GrantRefusal;
use super::request::TokenRequest;
use crate::tokens::IdToken;
use dropins_config::TokenType;
use dropins_protocol::AccessToken;
use dropins_protocol::names::{OPENID, REFRESH_TOKEN};
use dropins_store::grants::NewAccessToken;
use dropins_store::grants::{Family, FamilyId};

/// What is issued for a grant.
pub(super) struct Issue<'a> {
    /// What the tokens follow from; `None` for an access token without a family.
    pub(super) family: Option<&'a Family>,
    /// What the access token is good for: all that was granted, or less.
    pub(super) scope: &'a [String],
    /// The `nonce` for the id token.
    pub(super) nonce: Option<&'a str>,
}

/// Tokens that are made; the client receives them once everything that is stored for them is committed.
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
pub(super) fn access_token_validity(request: &TokenRequest<'_>, for_user: bool) -> Duration {
    let validity = &request.services.policy.validity;
    let validity = if for_user { validity.user_access_token } else { validity.app_access_token };
    request.client.limit(validity, request.services.signer.now)
}

/// How long a refresh token is valid that the client would be given; none for a client that may not use it.
pub(super) fn refresh_token_validity(request: &TokenRequest<'_>) -> Option<Duration> {
    let validity = request.services.policy.validity.refresh_token;
    request.client.may_use(REFRESH_TOKEN).then_some(validity)
}

/// Makes the tokens; nothing is written.
///
/// # Errors
/// [`GrantRefusal`] when a token cannot be made or signed.
pub(super) fn make(request: &TokenRequest<'_>, issue: &Issue<'_>) -> Result<Issued, GrantRefusal> {
    let (oauth, client_id) = (request.services.policy, request.client.id());
    let user = issue.family.and_then(|family| family.subject.as_deref());
    let validity = access_token_validity(request, user.is_some());
    let tokens = &request.services.signer;
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
    let id_token = user.is_some() || oauth.client_credentials.allow_id_token;
    if id_token && issue.scope.iter().any(|scope| scope == OPENID) {
        let id_token = tokens.id_token(&IdToken {
            algorithm: request.client.registered().id_token_signed_response_alg,
            subject: &access_token.subject,
            client_id,
            nonce: issue.nonce,
            auth_time: access_token.auth_time,
            access_token: user.is_some().then_some(text.as_str()),
            validity: request.client.limit(oauth.validity.id_token, tokens.now),
        })?;
        response.insert("id_token".to_owned(), id_token.into());
    }
    Ok(Issued { response, opaque })
}
