//! From an error to the response, and from a verdict about a client to the client or the error.
//!
//! Statuses and codes are in the table of `dropins_protocol`. A rejected credential has one text, whatever the reason; the
//! reason is in the log under the reference id.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use dropins_host::{Client, Verdict};
use dropins_protocol::{ErrorCode, OAuthError};

use super::post::SEVERAL_METHODS;
use crate::json::json;

/// The authenticated client, or the error that answers the verdict.
///
/// # Errors
/// What the client is told.
pub(super) fn authenticated(verdict: &Verdict) -> Result<&Client, OAuthError> {
    Err(match verdict {
        Verdict::Authenticated(client) => return Ok(client),
        Verdict::Rejected(rejection) if rejection.error == "invalid_request" => {
            OAuthError::invalid_request("The client credential is malformed")
        }
        // Whatever a plug-in calls it, a rejected credential is answered as such.
        Verdict::Rejected(_) | Verdict::NoMethod => OAuthError::invalid_client(),
        Verdict::SeveralMethods(_) => OAuthError::invalid_request(SEVERAL_METHODS),
        Verdict::Unavailable(_) | Verdict::Overloaded => OAuthError::unavailable(),
        Verdict::Failed(..) => OAuthError::new(ErrorCode::ServerError, "The server failed to authenticate the client"),
    })
}

/// The response to an error. `challenge` is set if the request carried an `Authorization` header.
pub(crate) fn respond(error: &OAuthError, reference: &str, challenge: bool) -> Response {
    let description = format!("{} (reference {reference})", error.describable());
    let body = serde_json::json!({ "error": error.code.as_str(), "error_description": description });
    let mut response = json(error.code.status(), &body);
    let further = match error.code {
        ErrorCode::InvalidClient if challenge => Some((header::WWW_AUTHENTICATE, "Basic realm=\"dropins\"")),
        // Without a token there is no error to speak of (RFC 6750 section 3.1).
        ErrorCode::InvalidToken if challenge => {
            Some((header::WWW_AUTHENTICATE, "Bearer realm=\"dropins\", error=\"invalid_token\""))
        }
        ErrorCode::InvalidToken => Some((header::WWW_AUTHENTICATE, "Bearer realm=\"dropins\"")),
        ErrorCode::InsufficientScope => {
            Some((header::WWW_AUTHENTICATE, "Bearer realm=\"dropins\", error=\"insufficient_scope\", scope=\"openid\""))
        }
        ErrorCode::MethodNotAllowed { allow } => Some((header::ALLOW, allow)),
        ErrorCode::TemporarilyUnavailable => Some((header::RETRY_AFTER, "1")),
        _ => None,
    };
    if let Some((name, value)) = further {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let ErrorCode::TooManyRequests { seconds } = error.code {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_host::{FailureKind, Rejection};

    fn code(verdict: &Verdict) -> ErrorCode {
        authenticated(verdict).unwrap_err().code
    }

    fn rejected(error: &str) -> Verdict {
        Verdict::Rejected(Rejection { error: error.to_owned(), reason: "r".to_owned(), detail: "d".to_owned() })
    }

    #[test]
    fn every_verdict_but_authenticated_is_an_error() {
        assert_eq!(code(&rejected("invalid_request")), ErrorCode::InvalidRequest);
        assert_eq!(code(&rejected("invalid_client")), ErrorCode::InvalidClient);
        assert_eq!(code(&rejected("access_granted")), ErrorCode::InvalidClient, "plug-ins cannot invent errors");
        assert_eq!(code(&Verdict::NoMethod), ErrorCode::InvalidClient);
        assert_eq!(code(&Verdict::SeveralMethods(vec![])), ErrorCode::InvalidRequest);
        assert_eq!(code(&Verdict::Unavailable("db".to_owned())), ErrorCode::TemporarilyUnavailable);
        assert_eq!(code(&Verdict::Overloaded), ErrorCode::TemporarilyUnavailable);
        assert_eq!(code(&Verdict::Failed(FailureKind::Trap, "x".to_owned())), ErrorCode::ServerError);
        let client = Client { id: "a".to_owned(), method: "m".to_owned(), attributes: vec![] };
        assert_eq!(authenticated(&Verdict::Authenticated(client.clone())), Ok(&client));
    }

    #[test]
    fn a_limited_client_is_told_when_to_come_back() {
        let response = respond(&OAuthError::too_many_requests(42), "R", true);
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::RETRY_AFTER]),
            (429, &"42".parse().unwrap())
        );
    }

    #[test]
    fn a_challenge_answers_only_an_authorization_header() {
        let error = OAuthError::invalid_client();
        assert!(respond(&error, "R", true).headers().contains_key(header::WWW_AUTHENTICATE));
        assert!(!respond(&error, "R", false).headers().contains_key(header::WWW_AUTHENTICATE));
        let malformed = OAuthError::invalid_request("x");
        assert!(!respond(&malformed, "R", true).headers().contains_key(header::WWW_AUTHENTICATE));
    }
}
