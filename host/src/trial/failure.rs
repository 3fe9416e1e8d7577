//! How a plug-in fails its canary.

use std::fmt;

use dropins_services::Unavailable;

use crate::contract::request::Request;
use crate::run::failure::Failure;

/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// How a plug-in failed its canary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{trial}: expected was {expected}, but {found}{}", shown(request))]
pub struct CanaryFailure {
    /// What was tried.
    pub trial: String,
    /// The answer that was expected.
    pub expected: String,
    /// What happened instead; the text of a panic comes first.
    pub found: String,
    /// What the request carried, cut.
    pub request: String,
    /// Whether the same plug-in with the same properties can pass later.
    pub transient: bool,
}

impl CanaryFailure {
    /// The plug-in gave a wrong answer, and will give it again.
    pub(crate) fn wrong(trial: &str, expected: impl fmt::Display, answer: impl fmt::Display) -> Self {
        let (trial, expected) = (trial.to_owned(), expected.to_string());
        Self { trial, expected, found: answer.to_string(), request: String::new(), transient: false }
    }

    /// The plug-in gave no answer; `panic` is what it logged before.
    pub(crate) fn unanswered(trial: &str, expected: impl fmt::Display, failure: &Failure, panic: Option<&str>) -> Self {
        let (trial, expected) = (trial.to_owned(), expected.to_string());
        let found = match panic {
            Some(panic) => format!("it logged: {panic}; then {failure}"),
            None => failure.to_string(),
        };
        Self { trial, expected, found, request: String::new(), transient: failure.is_transient() }
    }

    /// The same about this request.
    pub(crate) fn of(self, request: &Request) -> Self {
        let fields = request.form.iter().chain(request.headers.iter());
        let fields = fields.map(|(name, value)| match value.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{name} {:?}...", value.get(..end).unwrap_or_default()),
            None => format!("{name} {value:?}"),
        });
        Self { request: fields.collect::<Vec<_>>().join(", "), ..self }
    }

    /// The embedder could not make the trial.
    pub(crate) fn untried(unavailable: &Unavailable) -> Self {
        let (trial, expected) = ("a throw-away client".to_owned(), "a trial".to_owned());
        Self { trial, expected, found: unavailable.to_string(), request: String::new(), transient: true }
    }
}

fn shown(request: &str) -> String {
    if request.is_empty() { String::new() } else { format!(" (the request had {request})") }
}
