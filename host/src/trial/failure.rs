//! How a plug-in fails its canary.

use std::fmt;

use dropins_services::Unavailable;

use crate::run::failure::Failure;

/// How a plug-in failed its canary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{trial}: expected was {expected}, but {found}")]
pub struct CanaryFailure {
    /// What was tried.
    pub trial: String,
    /// The answer that was expected.
    pub expected: String,
    /// What happened instead.
    pub found: String,
    /// Whether the same plug-in with the same properties may pass later.
    pub transient: bool,
}

impl CanaryFailure {
    /// The plug-in gave a wrong answer, and will give it again.
    pub(crate) fn wrong(trial: &str, expected: impl fmt::Display, answer: impl fmt::Display) -> Self {
        let (trial, expected) = (trial.to_owned(), expected.to_string());
        Self { trial, expected, found: answer.to_string(), transient: false }
    }

    /// The plug-in gave no answer.
    pub(crate) fn unanswered(trial: &str, expected: impl fmt::Display, failure: &Failure) -> Self {
        let (trial, expected) = (trial.to_owned(), expected.to_string());
        Self { trial, expected, found: failure.to_string(), transient: failure.is_transient() }
    }

    /// The embedder could not make the trial.
    pub(crate) fn untried(unavailable: &Unavailable) -> Self {
        let (trial, expected) = ("a throw-away client".to_owned(), "a trial".to_owned());
        Self { trial, expected, found: unavailable.to_string(), transient: true }
    }
}
