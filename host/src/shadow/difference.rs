//! The verdicts of two plug-ins about one request, as far as they are compared.
//!
//! Clients, outcomes and reason codes are kept and cut to a length. The detail of a rejection is not: it differs between
//! versions, and an untrusted candidate could put anything into it.

use std::borrow::Cow;
use std::fmt;

use dropins_services::UnixMillis;

use crate::contract::decision::{Client, FailureKind, Rejection, Verdict};
use crate::contract::text::printable;
use crate::run::failure::Failure;

/// One request with two verdicts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Difference {
    /// When, milliseconds since the Unix epoch.
    pub at: UnixMillis,
    /// The reference id of the request.
    pub reference: String,
    /// What the live plug-in said.
    pub live: Opinion,
    /// What the candidate would have said.
    pub candidate: Opinion,
}

/// A verdict, in short.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Opinion {
    /// `authenticated`, `rejected`, `unavailable`, `failed` or `unclaimed`.
    pub outcome: Cow<'static, str>,
    /// The authenticated client.
    pub client: Option<String>,
    /// The reason code of a rejection, or the kind of a failure.
    pub reason: Option<String>,
}

/// More than any reason code or usual client id has.
const MAX_LENGTH: usize = 200;

impl Opinion {
    /// The verdict of a plug-in; `None` if no plug-in gave it.
    pub(super) fn of(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Authenticated(client) => Some(Self::authenticated(client)),
            Verdict::Rejected(rejection) => Some(Self::rejected(rejection)),
            Verdict::Unavailable(_) => Some(Self::unavailable()),
            Verdict::Failed(kind, _) => Some(Self::new("failed", None, Some(kind.as_str()))),
            Verdict::NoMethod | Verdict::SeveralMethods(_) | Verdict::Overloaded => None,
        }
    }

    pub(super) fn authenticated(client: &Client) -> Self {
        Self::new("authenticated", Some(&client.id), None)
    }

    pub(super) fn rejected(rejection: &Rejection) -> Self {
        Self::new("rejected", None, Some(&rejection.reason))
    }

    pub(super) fn unavailable() -> Self {
        Self::new("unavailable", None, None)
    }

    pub(super) fn unclaimed() -> Self {
        Self::new("unclaimed", None, None)
    }

    pub(super) fn failed(failure: &Failure) -> Self {
        Self::new("failed", None, failure.kind().map(FailureKind::as_str))
    }

    fn new(outcome: &'static str, client: Option<&str>, reason: Option<&str>) -> Self {
        let short = |text: &str| printable(text).chars().take(MAX_LENGTH).collect();
        Self { outcome: outcome.into(), client: client.map(short), reason: reason.map(short) }
    }
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.outcome)?;
        [&self.client, &self.reason].into_iter().flatten().try_for_each(|fact| write!(f, " ({fact})"))
    }
}
