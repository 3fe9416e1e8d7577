//! The host's decision about a request, with what the audit log needs to know.
//!
//! Only [`Verdict::Authenticated`] lets a request pass; there is no verdict for a request that was not judged.

use std::time::Duration;

use dropins_services::{Attempted, Digest, KeyDescription};

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

/// Why a plug-in rejects a request.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// It trapped: a panic, as a rule.
    Trap,
    /// It exceeded its computing time.
    Deadline,
    /// It exceeded its memory.
    Memory,
    /// It exceeded its calls to services.
    ServiceCalls,
    /// Its breaker is open, so it was not asked.
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
    /// A part of the server that the decision needs is unavailable.
    Unavailable(String),
    /// The plug-in already has as many requests as it may have at once.
    Overloaded,
    /// A plug-in failed; the request does not fall through to another one.
    Failed(FailureKind, String),
}

/// A plug-in's name and digest, for logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginId {
    /// The name in its description.
    pub name: String,
    /// The digest of its bytes.
    pub digest: Digest,
}

impl std::fmt::Display for PluginId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "plug-in `{}`, {}", self.name, self.digest)
    }
}

/// What the host observed while a plug-in worked, independent of the plug-in's words.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The client that was looked up, or else the one that the request claims.
    pub client_id: Option<String>,
    /// The signature algorithm that the plug-in asked for.
    pub algorithm: Option<String>,
    /// The key that verified a signature, or else the last one that was tried.
    pub key: Option<KeyDescription>,
    /// The last use that was not rejected, if the plug-in asked for a retry window. An embedder that answers the
    /// request with a server error hands it to [`ReplayStore::forgive`](crate::services::ReplayStore::forgive).
    pub attempted: Option<Attempted>,
    /// The time, in seconds since the Unix epoch, after which nothing that is issued for this decision is valid.
    pub not_after: Option<u64>,
}

/// A verdict with its evidence.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The plug-in that decided, if any.
    pub plugin: Option<PluginId>,
    /// What the host observed.
    pub evidence: Evidence,
    /// The generation that decided.
    pub generation: u64,
    /// How long the decision took.
    pub duration: Duration,
    /// Every rule with its outcome, if an explanation was asked for.
    pub explanation: Option<Vec<Check>>,
}

/// The outcome of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// The request satisfies it.
    Passed,
    /// The request breaks it.
    Failed,
    /// An earlier failure came first.
    NotReached,
}

/// One rule, applied to a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// The reason code of a failure.
    pub reason: String,
    /// The rule in a few words.
    pub rule: String,
    /// Its outcome.
    pub state: CheckState,
    /// What the rule requires.
    pub expected: String,
    /// What the request contains.
    pub received: String,
    /// How to fix a failure.
    pub fix: String,
}
