//! What the host says about a request, and what the audit log needs to know about it.
//!
//! Everything but [`Verdict::Authenticated`] refuses; there is no verdict that lets a request pass unjudged.

use std::time::Duration;

use crate::services::{Attempted, KeyDescription};
use dropins_services::Digest;

/// An authenticated client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The authentication method that was used.
    pub method: String,
    /// Facts that the plug-in adds, such as `jti` and `thumbprint`.
    pub attributes: Vec<(String, String)>,
}

impl Client {
    /// The first attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Why a plug-in refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The OAuth error code, `invalid_client` or `invalid_request`.
    pub error: String,
    /// The stable reason code.
    pub reason: String,
    /// Expected and received values, for the log.
    pub detail: String,
}

/// How a plug-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// It trapped: a panic, as a rule.
    Trap,
    /// It computed for too long.
    Deadline,
    /// It wanted too much memory.
    Memory,
    /// It asked services too often.
    ServiceCalls,
    /// It failed too often lately, and was not asked.
    BreakerOpen,
}

impl FailureKind {
    /// The name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::ServiceCalls => "service-calls",
            Self::BreakerOpen => "breaker-open",
        }
    }
}

/// The verdict about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The client proved its identity.
    Authenticated(Client),
    /// The credential is malformed or wrong.
    Rejected(Rejection),
    /// The request carries no credential that an enabled plug-in reads.
    NoMethod,
    /// The request carries the credentials of several plug-ins (RFC 6749 section 2.3 forbids it).
    SeveralMethods(Vec<String>),
    /// A part that a safe answer needs is down.
    Unavailable(String),
    /// Too many requests are inside plug-ins.
    Overloaded,
    /// A plug-in failed; nothing falls through to another one.
    Failed(FailureKind, String),
}

/// A plug-in as logs name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginId {
    /// The name that it gives itself.
    pub name: String,
    /// Which bytes.
    pub digest: Digest,
}

impl std::fmt::Display for PluginId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "plug-in `{}`, {}", self.name, self.digest)
    }
}

/// What the host saw while a plug-in worked, whatever the plug-in says.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The client that was looked up, or that the request claims to come from.
    pub client_id: Option<String>,
    /// The signature algorithm that was asked for.
    pub algorithm: Option<String>,
    /// The key under which a signature was right, or the last one that was tried.
    pub key: Option<KeyDescription>,
    /// The last use that was not refused, when the plug-in asked for a retry window. An embedder that answers the
    /// request with a server error hands it to [`ReplayStore::forgive`](crate::services::ReplayStore::forgive).
    pub attempted: Option<Attempted>,
}

/// A verdict with its circumstances.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The plug-in that gave it, when it was one.
    pub plugin: Option<PluginId>,
    /// What the host saw.
    pub evidence: Evidence,
    /// The generation that decided.
    pub generation: u64,
    /// How long it took.
    pub duration: Duration,
    /// Every rule with its outcome, when an explanation was asked for.
    pub explanation: Option<Vec<Check>>,
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// The request satisfies it.
    Passed,
    /// The request breaks it.
    Failed,
    /// An earlier failure kept it from being applied.
    NotReached,
}

/// One rule, applied to a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// The reason code of a failure.
    pub reason: String,
    /// The rule in a few words.
    pub rule: String,
    /// What became of it.
    pub state: CheckState,
    /// What the rule asks for.
    pub expected: String,
    /// What the request holds.
    pub received: String,
    /// How to fix a failure.
    pub fix: String,
}
