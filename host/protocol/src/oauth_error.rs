//! The one table from an error to its status and code on the wire (RFC 6749 sections 4.1.2.1 and 5.2).
//!
//! Every wrong credential has the same text, so that an attacker learns nothing about clients and keys; the reason is in
//! the log under the reference id.

use http::StatusCode;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// The code.
    pub code: ErrorCode,
    /// For the client's developer; without the reference id.
    pub description: String,
}

/// The errors that this server answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// The body is too large.
    TooLarge,
    /// No such endpoint.
    NotFound,
    /// A method that the endpoint does not take.
    MethodNotAllowed {
        /// The methods that it takes.
        allow: &'static str,
    },
    /// The client did not prove its identity.
    InvalidClient,
    /// The client may not use this grant or flow.
    UnauthorizedClient,
    /// The code or the refresh token is not valid.
    InvalidGrant,
    /// More scopes than were granted, or no scope of the client.
    InvalidScope,
    /// No such grant.
    UnsupportedGrantType,
    /// No such response type.
    UnsupportedResponseType,
    /// The user, or a rule, denied the request.
    AccessDenied,
    /// `prompt=none`, and no user is signed in (OpenID Connect Core section 3.1.2.6).
    LoginRequired,
    /// `prompt=none`, and the user has not consented yet.
    ConsentRequired,
    /// The parameter `request` is not supported.
    RequestNotSupported,
    /// The parameter `request_uri` is supported for pushed requests only.
    RequestUriNotSupported,
    /// The parameter `registration` is not supported.
    RegistrationNotSupported,
    /// The metadata of a client cannot be registered (RFC 7591 section 3.2.2).
    InvalidClientMetadata,
    /// A redirect URI cannot be registered (RFC 7591 section 3.2.2).
    InvalidRedirectUri,
    /// A software statement cannot be used (RFC 7591 section 3.2.2).
    InvalidSoftwareStatement,
    /// The bearer token is missing or wrong (RFC 6750 section 3.1).
    InvalidToken,
    /// The bearer token lacks the scope `openid` (RFC 6750 section 3.1).
    InsufficientScope,
    /// A part that a safe answer needs is down.
    TemporarilyUnavailable,
    /// The client has sent too many wrong secrets from this address, or the address too many requests.
    TooManyRequests {
        /// After how many seconds the next attempt is judged.
        seconds: u64,
    },
    /// A plug-in or the server failed.
    ServerError,
    /// The server behind this one cannot be reached, or broke off.
    BadGateway,
    /// The server behind this one did not answer in time.
    GatewayTimeout,
}

/// The description of every wrong credential.
const INVALID_CLIENT: &str = "Client authentication failed";

/// The description while a part that a safe answer needs is down.
const UNAVAILABLE: &str = "The server cannot decide now; try again";

impl ErrorCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest | Self::NotFound | Self::TooLarge | Self::MethodNotAllowed { .. } => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::TemporarilyUnavailable | Self::TooManyRequests { .. } => "temporarily_unavailable",
            Self::ServerError | Self::BadGateway | Self::GatewayTimeout => "server_error",
        }
    }

    /// The status of a JSON answer with this code.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidClient | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl OAuthError {
    /// An error with this description.
    pub fn new(code: ErrorCode, description: impl Into<String>) -> Self {
        Self { code, description: description.into() }
    }

    /// A malformed request.
    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// A client that did not prove its identity, whatever the reason.
    pub fn invalid_client() -> Self {
        Self::new(ErrorCode::InvalidClient, INVALID_CLIENT)
    }

    /// A part that a safe answer needs is down.
    pub fn unavailable() -> Self {
        Self::new(ErrorCode::TemporarilyUnavailable, UNAVAILABLE)
    }

    /// Too many wrong secrets; the next attempt is judged after so many seconds.
    pub fn too_many_requests(seconds: u64) -> Self {
        Self::new(ErrorCode::TooManyRequests { seconds }, "Too many failed attempts; try again later")
    }

    /// The description with only what RFC 6749 section 5.2 allows in it.
    pub fn describable(&self) -> String {
        let fold = |character| match character {
            '"' => '\'',
            '\\' => '/',
            ' '..='~' => character,
            _ => '?',
        };
        self.description.chars().map(fold).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_keeps_to_the_allowed_characters() {
        assert_eq!(OAuthError::invalid_request("a \"b\" \\ é\n").describable(), "a 'b' / ??");
    }

    #[test]
    fn a_wrong_credential_is_401_and_a_wrong_request_400() {
        assert_eq!(OAuthError::invalid_client().code.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(OAuthError::invalid_request("x").code.status(), StatusCode::BAD_REQUEST);
        assert_eq!(OAuthError::unavailable().code.status(), StatusCode::SERVICE_UNAVAILABLE);
        let limited = OAuthError::too_many_requests(7).code;
        assert_eq!((limited.status(), limited.as_str()), (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"));
        let refused = ErrorCode::MethodNotAllowed { allow: "POST" };
        assert_eq!((refused.status(), refused.as_str()), (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"));
    }
}
