//! Chooses the grant of a token request (RFC 6749 section 5.1).

use dropins_protocol::names::{AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN};
use dropins_protocol::{ErrorCode, OAuthError};
use serde_json::Value;

use super::refusal::GrantRefusal;
use super::request::TokenRequest;
use super::{authorization_code, client_credentials, refresh_token};

/// Answers a token request of an authenticated client with the token response.
///
/// # Errors
/// [`GrantRefusal`] with the answer for the client and the reason for the log.
pub async fn answer(grant: &str, request: TokenRequest<'_>) -> Result<Value, GrantRefusal> {
    if !request.client.may_use(grant) {
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, "The client may not use this grant type").into());
    }
    match grant {
        AUTHORIZATION_CODE => authorization_code::answer(request).await,
        REFRESH_TOKEN => refresh_token::answer(request).await,
        CLIENT_CREDENTIALS => client_credentials::answer(request).await,
        _ => Err(OAuthError::new(ErrorCode::UnsupportedGrantType, "The grant type is not supported").into()),
    }
}
