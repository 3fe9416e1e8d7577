//! What a client is told of an upstream that gives no answer, and the operator.

use dropins_gateway::SendError;
use dropins_protocol::{ErrorCode, OAuthError};

/// The answer to the client.
pub(super) fn error(failure: &SendError) -> OAuthError {
    match failure {
        SendError::Unreached(_) => OAuthError::new(ErrorCode::BadGateway, "The authorization server cannot be reached"),
        SendError::Broken(_) => OAuthError::new(ErrorCode::BadGateway, "The authorization server broke off"),
        SendError::TimedOut(_) => {
            OAuthError::new(ErrorCode::GatewayTimeout, "The authorization server did not answer in time")
        }
        SendError::TooLarge(_) => OAuthError::new(ErrorCode::TooLarge, "The body is too large"),
    }
}

/// Whether it is known that no byte of the request has arrived.
pub(super) fn is_unsent(failure: &SendError) -> bool {
    matches!(failure, SendError::Unreached(_))
}

/// The label of the metric.
pub(super) fn label(failure: &SendError) -> &'static str {
    match failure {
        SendError::Unreached(_) => "unreached",
        SendError::Broken(_) => "broken",
        SendError::TimedOut(_) => "timeout",
        SendError::TooLarge(_) => "too-large",
    }
}
