//! Why an authenticated client is given nothing: one answer for the client, one reason for the log.
//!
//! All that is wrong with a code or a refresh token has one text, so that a stolen one tells nothing about itself.

use std::borrow::Cow;

use crate::database::StoreError;
use crate::http::error::{ErrorKind, OAuthError};

/// A refused grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the client is told.
    pub error: OAuthError,
    /// What the operator is told.
    pub reason: Cow<'static, str>,
}

impl Refusal {
    /// A code or a refresh token that cannot be used (RFC 6749 section 5.2).
    pub(super) fn invalid_grant(text: &'static str, reason: impl std::fmt::Display) -> Self {
        Self { error: OAuthError::new(ErrorKind::InvalidGrant, text), reason: reason.to_string().into() }
    }

    /// A part that a safe answer needs is down.
    pub(crate) fn unavailable(reason: impl std::fmt::Display) -> Self {
        let error = OAuthError::new(ErrorKind::TemporarilyUnavailable, "The server cannot decide now; try again");
        Self { error, reason: reason.to_string().into() }
    }
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self { reason: error.description.clone().into(), error }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error)
    }
}

impl From<dropins_keys::SigningError> for Refusal {
    fn from(error: dropins_keys::SigningError) -> Self {
        let answer = OAuthError::new(ErrorKind::ServerError, "The server failed to issue the token");
        Self { error: answer, reason: format!("the token cannot be signed: {error}").into() }
    }
}
