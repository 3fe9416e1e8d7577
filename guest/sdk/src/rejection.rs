//! Why a request was not authenticated: a broken rule, or a part of the server that is down.

use std::fmt::Arguments;

use crate::rule::Reason;

/// A broken rule, with facts for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected {expected}; received {received}", reason.code())]
pub struct Rejection<R: Reason> {
    /// The rule.
    pub reason: R,
    /// What the rule asks for.
    pub expected: String,
    /// What the request holds; never a credential.
    pub received: String,
}

impl<R: Reason> Rejection<R> {
    /// A broken rule.
    pub fn new(reason: R, expected: Arguments<'_>, received: Arguments<'_>) -> Self {
        Self { reason, expected: expected.to_string(), received: received.to_string() }
    }

    /// Expected and received values in one sentence, for the log.
    pub fn detail(&self) -> String {
        format!("expected {}; received {}", self.expected, self.received)
    }
}

/// Why a request was not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal<R: Reason> {
    /// The credential is malformed or wrong.
    #[error(transparent)]
    Rejected(#[from] Rejection<R>),
    /// A part that a safe answer needs is down; the text says which.
    #[error("unavailable: {0}")]
    Unavailable(String),
}
