//! The one table from what went wrong to the answer on the wire.
//!
//! Whatever is wrong with a credential has one text, so that a caller learns nothing about clients and keys;
//! the reason stands in the log under the reference id.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use dropins_host::Verdict;

use crate::authorization::ErrorCode;

/// An error answer (RFC 6749 section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// What kind.
    pub kind: ErrorKind,
    /// For the client's developer; without the reference id.
    pub description: String,
}

/// The errors that this server answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is malformed.
    InvalidRequest,
    /// The body is too large.
    TooLarge,
    /// A method that the endpoint does not take.
    MethodNotAllowed {
        /// Those that it takes.
        allow: &'static str,
    },
    /// The client did not prove its identity.
    InvalidClient,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The code or the refresh token is not valid.
    InvalidGrant,
    /// More scopes than were granted.
    InvalidScope,
    /// An authorization request that is pushed is wrong (RFC 9126 section 2.3).
    AuthorizationRequest(ErrorCode),
    /// No such grant.
    UnsupportedGrantType,
    /// The metadata of a client cannot be registered (RFC 7591 section 3.2.2).
    InvalidClientMetadata,
    /// A redirect URI cannot be registered (RFC 7591 section 3.2.2).
    InvalidRedirectUri,
    /// A software statement cannot be used (RFC 7591 section 3.2.2).
    InvalidSoftwareStatement,
    /// The bearer token is missing or wrong (RFC 6750 section 3.1).
    InvalidToken,
    /// A part that a safe answer needs is down.
    TemporarilyUnavailable,
    /// A plug-in or the server failed.
    ServerError,
}

/// What every wrong credential is told.
const INVALID_CLIENT: &str = "Client authentication failed";

impl ErrorKind {
    /// Status and error code.
    pub fn status_and_code(self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"),
            Self::InvalidClient => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::UnauthorizedClient => (StatusCode::BAD_REQUEST, "unauthorized_client"),
            Self::InvalidGrant => (StatusCode::BAD_REQUEST, "invalid_grant"),
            Self::InvalidScope => (StatusCode::BAD_REQUEST, "invalid_scope"),
            Self::AuthorizationRequest(code) => (StatusCode::BAD_REQUEST, code.as_str()),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::InvalidClientMetadata => (StatusCode::BAD_REQUEST, "invalid_client_metadata"),
            Self::InvalidRedirectUri => (StatusCode::BAD_REQUEST, "invalid_redirect_uri"),
            Self::InvalidSoftwareStatement => (StatusCode::BAD_REQUEST, "invalid_software_statement"),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Self::TemporarilyUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Self::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        }
    }
}

impl OAuthError {
    /// An error with this description.
    pub fn new(kind: ErrorKind, description: impl Into<String>) -> Self {
        Self { kind, description: description.into() }
    }

    /// A malformed request.
    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, description)
    }

    /// A client that did not prove its identity, whatever the reason.
    pub fn invalid_client() -> Self {
        Self::new(ErrorKind::InvalidClient, INVALID_CLIENT)
    }

    /// The answer to a verdict; none for an authenticated client.
    pub fn of(verdict: &Verdict) -> Option<Self> {
        Some(match verdict {
            Verdict::Authenticated(_) => return None,
            Verdict::Rejected(rejection) if rejection.error == "invalid_request" => {
                Self::invalid_request("The client credential is malformed")
            }
            // Whatever else a plug-in calls it, a refused credential is refused as such.
            Verdict::Rejected(_) | Verdict::NoMethod => Self::invalid_client(),
            Verdict::SeveralMethods(_) => {
                Self::invalid_request("The request uses more than one client authentication method")
            }
            Verdict::Unavailable(_) | Verdict::Overloaded => {
                Self::new(ErrorKind::TemporarilyUnavailable, "The server cannot decide now; try again")
            }
            Verdict::Failed(..) => Self::new(ErrorKind::ServerError, "The server failed to authenticate the client"),
        })
    }

    /// The response. `challenge` is set when the request carried an `Authorization` header.
    pub fn respond(&self, reference: &str, challenge: bool) -> Response {
        let (status, code) = self.kind.status_and_code();
        let description = format!("{} (reference {reference})", describable(&self.description));
        let mut response = super::json(status, &serde_json::json!({ "error": code, "error_description": description }));
        let headers = response.headers_mut();
        let further = match self.kind {
            ErrorKind::InvalidClient if challenge => Some((header::WWW_AUTHENTICATE, "Basic realm=\"dropins\"")),
            // Without a token there is no error to speak of (RFC 6750 section 3.1).
            ErrorKind::InvalidToken if challenge => {
                Some((header::WWW_AUTHENTICATE, "Bearer realm=\"dropins\", error=\"invalid_token\""))
            }
            ErrorKind::InvalidToken => Some((header::WWW_AUTHENTICATE, "Bearer realm=\"dropins\"")),
            ErrorKind::MethodNotAllowed { allow } => Some((header::ALLOW, allow)),
            ErrorKind::TemporarilyUnavailable => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        if let Some((name, value)) = further {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response.into_response()
    }
}

/// Only what RFC 6749 section 5.2 allows in a description.
fn describable(text: &str) -> String {
    let fold = |c| match c {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    text.chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_host::{FailureKind, Rejection};

    fn kind(verdict: &Verdict) -> ErrorKind {
        OAuthError::of(verdict).unwrap().kind
    }

    fn rejected(error: &str) -> Verdict {
        Verdict::Rejected(Rejection { error: error.to_owned(), reason: "r".to_owned(), detail: "d".to_owned() })
    }

    #[test]
    fn every_verdict_but_authenticated_is_an_error() {
        assert_eq!(kind(&rejected("invalid_request")), ErrorKind::InvalidRequest);
        assert_eq!(kind(&rejected("invalid_client")), ErrorKind::InvalidClient);
        assert_eq!(kind(&rejected("access_granted")), ErrorKind::InvalidClient, "plug-ins cannot invent errors");
        assert_eq!(kind(&Verdict::NoMethod), ErrorKind::InvalidClient);
        assert_eq!(kind(&Verdict::SeveralMethods(vec![])), ErrorKind::InvalidRequest);
        assert_eq!(kind(&Verdict::Unavailable("db".to_owned())), ErrorKind::TemporarilyUnavailable);
        assert_eq!(kind(&Verdict::Overloaded), ErrorKind::TemporarilyUnavailable);
        assert_eq!(kind(&Verdict::Failed(FailureKind::Trap, "x".to_owned())), ErrorKind::ServerError);
        let client = dropins_host::Client { id: "a".to_owned(), method: "m".to_owned(), attributes: vec![] };
        assert_eq!(OAuthError::of(&Verdict::Authenticated(client)), None);
    }

    #[test]
    fn a_challenge_answers_only_an_authorization_header() {
        let error = OAuthError::of(&Verdict::NoMethod).unwrap();
        assert!(error.respond("R", true).headers().contains_key(header::WWW_AUTHENTICATE));
        assert!(!error.respond("R", false).headers().contains_key(header::WWW_AUTHENTICATE));
        let malformed = OAuthError::invalid_request("x");
        assert!(!malformed.respond("R", true).headers().contains_key(header::WWW_AUTHENTICATE));
    }

    #[test]
    fn a_description_keeps_to_the_allowed_characters() {
        assert_eq!(describable("a \"b\" \\ é\n"), "a 'b' / ??");
    }
}
