//! The failure of a service, which fails the request closed.

/// A part that a safe answer needs is down or too slow; the request fails closed with 503.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} is unavailable: {detail}")]
pub struct Unavailable {
    /// Which part: `replay store`.
    pub part: &'static str,
    /// What happened, for the log.
    pub detail: String,
}

impl Unavailable {
    /// Names the part and says what happened.
    pub fn new(part: &'static str, detail: impl std::fmt::Display) -> Self {
        Self { part, detail: detail.to_string() }
    }
}
