//! What is wrong with an authorization request, and who may be told.

use super::response::ReturnTo;

/// Error codes of the authorization endpoint (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// The client may not use this flow.
    UnauthorizedClient,
    /// The person, or a rule, said no.
    AccessDenied,
    /// No such response type.
    UnsupportedResponseType,
    /// None of the scopes is the client's.
    InvalidScope,
    /// The server failed.
    ServerError,
    /// A part that a safe answer needs is down.
    TemporarilyUnavailable,
    /// `prompt=none`, and nobody is signed in.
    LoginRequired,
    /// `prompt=none`, and the person has not agreed yet.
    ConsentRequired,
    /// The parameter `request` is not supported.
    RequestNotSupported,
    /// The parameter `request_uri` is supported for pushed requests only.
    RequestUriNotSupported,
    /// The parameter `registration` is not supported.
    RegistrationNotSupported,
}

impl ErrorCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
        }
    }
}

/// Why an authorization request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct RequestError {
    /// The code.
    pub code: ErrorCode,
    /// One sentence for the client's developer; it holds nothing of the request.
    pub description: &'static str,
    /// Where the client hears of it; without it the person is shown a page, and nothing is ever redirected.
    pub return_to: Option<ReturnTo>,
}

impl RequestError {
    /// An error that only the person at the browser is told of.
    pub fn shown(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description, return_to: None }
    }
}
