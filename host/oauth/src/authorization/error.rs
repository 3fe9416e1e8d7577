//! What is wrong with an authorization request, and whether the client or only the person at the browser is told.

use dropins_protocol::ErrorCode;

use super::response::ReturnTo;

/// Why an authorization request is rejected.
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
    /// An error that only the person at the browser is shown.
    pub fn shown(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description, return_to: None }
    }
}
