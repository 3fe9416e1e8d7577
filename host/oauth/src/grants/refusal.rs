//! Why an authenticated client is issued nothing: one answer for the client, one reason for the log.
//!
//! All that is wrong with a code or a refresh token has one text, so that a thief learns nothing about it.

use std::borrow::Cow;

use dropins_database::StoreError;
use dropins_protocol::{ErrorCode, OAuthError};

/// A refused grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRefusal {
    /// What the client is told.
    pub error: OAuthError,
    /// What the operator is told.
    pub reason: Cow<'static, str>,
}

impl GrantRefusal {
    /// A code or a refresh token that cannot be used (RFC 6749 section 5.2).
    pub(super) fn invalid_grant(text: &'static str, reason: impl std::fmt::Display) -> Self {
        Self { error: OAuthError::new(ErrorCode::InvalidGrant, text), reason: reason.to_string().into() }
    }

    /// A part that a safe answer needs is down.
    pub fn unavailable(reason: impl std::fmt::Display) -> Self {
        let error = OAuthError::unavailable();
        Self { error, reason: reason.to_string().into() }
    }
}

impl From<OAuthError> for GrantRefusal {
    fn from(error: OAuthError) -> Self {
        Self { reason: error.description.clone().into(), error }
    }
}

impl From<StoreError> for GrantRefusal {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error)
    }
}

impl From<dropins_keys::SigningError> for GrantRefusal {
    fn from(error: dropins_keys::SigningError) -> Self {
        let answer = OAuthError::new(ErrorCode::ServerError, "The server failed to issue the token");
        Self { error: answer, reason: format!("the token cannot be signed: {error}").into() }
    }
}
