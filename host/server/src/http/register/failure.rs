//! Why a registration request is not answered as asked: the fault of the client, or a failure of the server.

use dropins_config::Fault;
use dropins_protocol::{ErrorCode, NoRandomness, OAuthError};
use dropins_services::Unavailable;
use dropins_store::clients::ClientError;

/// An error answer to a registration request; a failure of the server is logged.
pub(super) struct Failure(pub(super) OAuthError);

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self(error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<Unavailable> for Failure {
    fn from(error: Unavailable) -> Self {
        Self::unavailable(&error)
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "a client registration failed");
        Self(OAuthError::new(ErrorCode::ServerError, "The server failed to register the client"))
    }
}

impl Failure {
    fn unavailable(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a client registration failed");
        let text = "The server cannot register clients now; try again";
        Self(OAuthError::new(ErrorCode::TemporarilyUnavailable, text))
    }
}

/// All faults in one answer, under the code of the first one (RFC 7591 section 3.2.2).
pub(super) fn refuse(faults: Vec<Fault>) -> Result<(), OAuthError> {
    /// More than a developer fixes at once; the answer stays short.
    const MAX_FAULTS: usize = 5;
    let Some(first) = faults.first() else { return Ok(()) };
    let kind = match first.field {
        "redirect_uris" => ErrorCode::InvalidRedirectUri,
        "software_statement" => ErrorCode::InvalidSoftwareStatement,
        _ => ErrorCode::InvalidClientMetadata,
    };
    let texts: Vec<_> = faults.iter().take(MAX_FAULTS).map(ToString::to_string).collect();
    Err(OAuthError::new(kind, texts.join("; ")))
}
