//! What came of a request.

use crate::authenticator::Authenticated;
use crate::rejection::Rejection;
use crate::report::Check;
use crate::rule::Reason;
use crate::services::Level;

/// What the plug-in answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<R: Reason> {
    /// The client proved its identity, if the conditions hold.
    Authenticated(Authenticated<R>),
    /// A rule is broken.
    Rejected(Rejection<R>),
    /// A part that the answer needs is down.
    Unavailable(String),
    /// The request carries no credential of its kind.
    Unclaimed,
}

/// A request with all that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<R: Reason> {
    /// What the plug-in answered.
    pub outcome: Outcome<R>,
    /// What the host makes of it, conditions included: `authenticated`, `unclaimed`, `unavailable`, or the reason code
    /// of a rejection.
    pub verdict: &'static str,
    /// Every rule with its outcome, as the operator sees them who asks why.
    pub explained: Vec<Check<R>>,
    /// The lines that the plug-in logged.
    pub log: Vec<(Level, String)>,
    /// The client that the request claims to come from, for logs.
    pub claimed_client: Option<String>,
}

impl<R: Reason> Judged<R> {
    /// The client with the conditions of the verdict, if the plug-in vouches for one.
    #[must_use]
    pub fn authenticated(&self) -> Option<&Authenticated<R>> {
        match &self.outcome {
            Outcome::Authenticated(authenticated) => Some(authenticated),
            _ => None,
        }
    }

    /// The rejection of the plug-in, if it is one.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection<R>> {
        match &self.outcome {
            Outcome::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// A fact about the client for the audit log.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let attributes = &self.authenticated()?.client.attributes;
        attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}
