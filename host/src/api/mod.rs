//! Adapters from versions of the WIT contract to the host's own traits.
//!
//! Each published version has a module; everything converges here, so that no other code knows that there
//! are versions. A version is read from a component's own export names, never guessed by trying.

pub(crate) mod v0_1;

use std::sync::Arc;
use std::time::Duration;

use crate::call::CallState;
use crate::decision::{Client, FailureKind, Rejection, Verdict};
use crate::engine::Engine;
use crate::plugin::{Description, Problem};
use crate::request::{Reads, Request};
use crate::services::Services;
use dropins_services::Isolation;

/// The export that every plug-in has, without its version.
pub(crate) const EXPORT: &str = "dropins:client-auth/client-authenticator";

/// The imports that the contract offers, without their version.
pub(crate) const IMPORTS: [&str; 6] = [
    "dropins:client-auth/types",
    "dropins:client-auth/clients",
    "dropins:client-auth/keys",
    "dropins:client-auth/replay",
    "dropins:client-auth/log",
    "dropins:client-auth/explain",
];

/// A version of the contract that this host serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum ApiVersion {
    /// `0.1.x`
    #[serde(rename = "0.1.0")]
    V0_1,
}

impl ApiVersion {
    /// What this host serves, for messages.
    pub const SERVED: &str = "0.1.0";

    /// The version that serves this one: equal major and minor number below 1.0.
    pub(crate) fn of(version: &str) -> Option<Self> {
        version.starts_with("0.1.").then_some(Self::V0_1)
    }
}

/// What a plug-in answers to `authenticate`.
pub(crate) enum Outcome {
    Authenticated(Client),
    Rejected(Rejection),
    Unavailable(String),
}

/// A compiled and linked component of some version.
#[async_trait::async_trait]
pub(crate) trait Plugin: Send + Sync {
    async fn describe(&self, engine: &Engine) -> Result<Description, Failure>;

    async fn check_config(&self, engine: &Engine, properties: &[(String, String)]) -> Result<ConfigReport, Failure>;

    /// Prepares the properties of a listener entry for the calls to come.
    fn configure(self: Arc<Self>, properties: &[(String, String)], isolation: Isolation) -> Box<dyn Configured>;
}

/// What `check-config` and `algorithms` said.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigReport {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<String>,
    pub(crate) algorithms: Vec<String>,
}

/// A plug-in with its properties.
#[async_trait::async_trait]
pub(crate) trait Configured: Send + Sync {
    /// Keeps no idle instances from now on, or keeps them again.
    fn rest(&self, resting: bool);

    /// A fresh instance for one request.
    async fn begin(
        &self,
        engine: &Engine,
        services: Option<&Arc<Services>>,
        reads: &Reads,
        request: &Request,
        now: u64,
        explain: bool,
    ) -> Result<Box<dyn Call>, Failure>;
}

/// One instance, working on one request.
#[async_trait::async_trait]
pub(crate) trait Call: Send {
    async fn can_authenticate(&mut self) -> Result<bool, Failure>;
    async fn authenticate(&mut self) -> Result<Outcome, Failure>;
    async fn client_id(&mut self) -> Result<Option<String>, Failure>;
    fn state(&mut self) -> &mut CallState;
    /// The request is done with the instance.
    fn release(self: Box<Self>);
}

/// A plug-in did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The pool of instances is exhausted; not the plug-in's fault.
    #[error("all instances are in use")]
    Exhausted,
    /// The request took too long, although the plug-in neither computed nor asked too much; not its fault.
    #[error("it was not done after {limit:?}{}", waiting(.waits_for))]
    Overdue {
        /// The time that one request may take.
        limit: Duration,
        /// The service that had not answered then.
        waits_for: Option<&'static str>,
    },
    /// It computed for too long.
    #[error("it did not answer within its deadline{0}")]
    Deadline(String),
    /// It asked services too often.
    #[error("it asked services more than {limit} times (`service_calls` in [limits]){output}")]
    ServiceCalls {
        /// How often it may.
        limit: usize,
        /// What it wrote before.
        output: String,
    },
    /// It wanted more memory than allowed.
    #[error("it asked for {wanted} bytes of memory; the limit is {limit}{output}")]
    Memory {
        /// Bytes that it asked for.
        wanted: usize,
        /// Bytes that it may have.
        limit: usize,
        /// What it wrote before.
        output: String,
    },
    /// Its exports have other types than the contract's; found before it runs for the first time.
    #[error("the types of its exports differ from the contract's: {0}")]
    Types(String),
    /// It trapped.
    #[error("it trapped: {message}{output}")]
    Trap {
        /// The trap and where it happened.
        message: String,
        /// What it wrote before.
        output: String,
    },
}

fn waiting(service: &Option<&'static str>) -> String {
    service.map_or_else(String::new, |service| format!(", waiting for the {service}"))
}

impl Failure {
    /// How it counts; nothing when the plug-in is not to blame.
    pub fn kind(&self) -> Option<FailureKind> {
        match self {
            Self::Exhausted | Self::Overdue { .. } => None,
            Self::Deadline(_) => Some(FailureKind::Deadline),
            Self::ServiceCalls { .. } => Some(FailureKind::ServiceCalls),
            Self::Memory { .. } => Some(FailureKind::Memory),
            Self::Trap { .. } | Self::Types(_) => Some(FailureKind::Trap),
        }
    }

    /// Whether the same plug-in may answer the same question another time: it was the machine that was too busy, or a
    /// part of the server. A plug-in is a function of its input, so that anything else happens again.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Exhausted | Self::Overdue { .. } | Self::Deadline(_))
    }

    /// What becomes of the request.
    pub(crate) fn verdict(&self) -> Verdict {
        match (self, self.kind()) {
            (_, Some(kind)) => Verdict::Failed(kind, self.to_string()),
            (Self::Overdue { .. }, None) => Verdict::Unavailable(self.to_string()),
            (_, None) => Verdict::Overloaded,
        }
    }
}
