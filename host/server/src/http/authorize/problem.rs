//! What ends the flow without a code, and who hears of it.
//!
//! A client hears of what concerns its request once its redirect URI is trusted; everything else is a page for the
//! person, with the reference id under which the log has the reason.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use dropins_host::services::Unavailable;

use super::frame::Frame;
use super::html::html;
use super::origin::origin_of;
use super::see_other::see_other;
use dropins_database::StoreError;
use dropins_oauth::authorization::{AuthorizationRequest, RequestError};
use dropins_oauth::clients::RegisteredClient;
use dropins_protocol::{ErrorCode, OAuthError};
use dropins_telemetry::audit;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    advice: &'a str,
    /// What a developer needs to see of the request.
    received: Option<&'a str>,
    back: Option<String>,
    reference: &'a str,
}

/// What a page about a problem shows of the request and its client.
#[derive(Debug, Clone, Copy, Default)]
struct Shown<'a> {
    /// The `redirect_uri` that was received, if it is the problem.
    received: Option<&'a str>,
    /// A registered one of the client: its origin is the way back.
    redirect_uri: Option<&'a str>,
}

/// What ends the flow without a code.
#[derive(Debug)]
pub(super) enum Problem {
    /// The request is refused; the client is told if it can be.
    Refused {
        /// Whose request it is, where that is known.
        client_id: Option<String>,
        /// What is wrong.
        error: RequestError,
    },
    /// The `redirect_uri` is not one of the client's, or is missing.
    RedirectUri {
        /// Whose request it is.
        client: Arc<RegisteredClient>,
        /// What was received.
        received: Option<String>,
        /// What is wrong.
        error: RequestError,
    },
    /// Only the person can be told.
    Page {
        /// The status.
        status: StatusCode,
        /// What to do, in one or two sentences.
        advice: &'static str,
        /// For the log.
        detail: String,
    },
}

impl Problem {
    /// The request is well-formed, and the answer is no.
    pub(super) fn refused(request: &AuthorizationRequest, code: ErrorCode, description: &'static str) -> Self {
        let error = RequestError { code, description, return_to: Some(request.return_to()) };
        Self::Refused { client_id: Some(request.client_id.clone()), error }
    }

    /// A request that is refused before its client is looked at.
    pub(super) fn shown(description: &'static str) -> Self {
        Self::Refused { client_id: None, error: RequestError::shown(ErrorCode::InvalidRequest, description) }
    }

    /// There is no such client, it is disabled, or users never sign in to it; only the log is told which.
    pub(super) fn unknown_client(detail: impl Into<String>) -> Self {
        let advice = "No application of this client_id is registered here for users to sign in.";
        Self::Page { status: StatusCode::BAD_REQUEST, advice, detail: detail.into() }
    }

    /// The form or query cannot be read.
    pub(super) fn malformed(detail: String) -> Self {
        let advice = "The request is malformed. Go back to the application and try again.";
        Self::Page { status: StatusCode::BAD_REQUEST, advice, detail }
    }

    /// The page was open for too long, or in another session of this browser.
    pub(super) fn expired() -> Self {
        let advice = "This page has expired, or this browser does not keep cookies. Go back to the application and \
                      sign in from there.";
        Self::Page { status: StatusCode::BAD_REQUEST, advice, detail: "no valid ticket".to_owned() }
    }

    /// Another site posts.
    pub(super) fn foreign_post() -> Self {
        let advice = "Another site tried to use this page in your name. Nothing was done.";
        Self::Page { status: StatusCode::FORBIDDEN, advice, detail: "the post comes from another origin".to_owned() }
    }

    /// The machine does not do its part.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        let advice = "The server failed. Try again later.";
        Self::Page { status: StatusCode::INTERNAL_SERVER_ERROR, advice, detail: error.to_string() }
    }

    fn down(detail: String) -> Self {
        let advice = "The server cannot answer now. Reload this page in a moment.";
        Self::Page { status: StatusCode::SERVICE_UNAVAILABLE, advice, detail }
    }

    /// Whose request it is, and what is wrong, as the record of rejections has it.
    pub(super) fn facts(&self) -> (Option<&str>, OAuthError) {
        match self {
            Self::Refused { client_id, error } => {
                (client_id.as_deref(), OAuthError::new(error.code, error.description))
            }
            Self::RedirectUri { client, error, .. } => {
                (Some(&client.registration.id), OAuthError::new(error.code, error.description))
            }
            Self::Page { status, detail, .. } if status.is_client_error() => {
                (None, OAuthError::new(ErrorCode::InvalidRequest, detail.clone()))
            }
            Self::Page { detail, .. } => (None, OAuthError::new(ErrorCode::ServerError, detail.clone())),
        }
    }

    /// The response, with one line in the log.
    pub(super) fn respond(self, frame: Frame, reference: &str, issuer: &str) -> Response {
        match self {
            Self::Refused { client_id, error } => {
                audit::refused_authorization(reference, client_id.as_deref(), error.code.as_str(), error.description);
                match error.return_to {
                    Some(to) => {
                        let described = format!("{} (reference {reference})", error.description);
                        see_other(&to.with_error(error.code, &described, issuer))
                    }
                    None => page(
                        frame,
                        reference,
                        StatusCode::BAD_REQUEST,
                        &format!("{}.", error.description),
                        Shown::default(),
                    ),
                }
            }
            Self::RedirectUri { client, received, error } => {
                let id = client.registration.id.as_str();
                audit::refused_authorization(reference, Some(id), error.code.as_str(), error.description);
                let redirect_uri = client.redirect_uris.first().map(String::as_str);
                let shown = Shown { received: received.as_deref(), redirect_uri };
                page(frame, reference, StatusCode::BAD_REQUEST, &format!("{}.", error.description), shown)
            }
            Self::Page { status, advice, detail } => {
                audit::refused_authorization(reference, None, status.as_str(), &detail);
                let mut response = page(frame, reference, status, advice, Shown::default());
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                }
                response
            }
        }
    }
}

/// The page that says why nothing can be done.
fn page(frame: Frame, reference: &str, status: StatusCode, advice: &str, shown: Shown<'_>) -> Response {
    let Shown { received, redirect_uri } = shown;
    let back = redirect_uri.and_then(origin_of);
    html(status, ProblemPage { frame, advice, received, back, reference }.render(), None)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::down(error.to_string())
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        Self::down(error.to_string())
    }
}
