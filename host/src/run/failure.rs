//! How a plug-in fails to answer.
//!
//! A busy machine and a slow service are not the plug-in's fault; everything else counts against it.

use std::time::Duration;

use crate::contract::decision::{FailureKind, Verdict};

/// Why a plug-in did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The pool of instances is exhausted; not the plug-in's fault.
    #[error("all instances are in use")]
    Exhausted,
    /// The request took too long although the plug-in stayed within its limits; not its fault.
    #[error("it was not done after {limit:?}{}", waiting(.waits_for))]
    Overdue {
        /// The time limit of a request.
        limit: Duration,
        /// The service that had not answered.
        waits_for: Option<&'static str>,
    },
    /// It exceeded its computing time.
    #[error("it did not answer within its deadline{0}")]
    Deadline(String),
    /// It exceeded its calls to services.
    #[error("it asked services more than {limit} times (`service_calls` in [limits]){output}")]
    ServiceCalls {
        /// The limit.
        limit: usize,
        /// What it wrote before.
        output: String,
    },
    /// It exceeded its calls to the host.
    #[error("it called the host more than {limit} times for one request{output}")]
    Calls {
        /// The limit.
        limit: usize,
        /// What it wrote before.
        output: String,
    },
    /// It exceeded its memory.
    #[error("it asked for {wanted} bytes of memory; the limit is {limit}{output}")]
    Memory {
        /// Bytes that it asked for.
        wanted: usize,
        /// The limit in bytes.
        limit: usize,
        /// What it wrote before.
        output: String,
    },
    /// The types of its exports differ from the contract's; found before it first runs.
    #[error("the types of its exports differ from the contract's: {0}")]
    Types(String),
    /// It trapped.
    #[error("it trapped: {message}{output}")]
    Trap {
        /// The trap; where it happened is in the log at the level `debug`.
        message: String,
        /// What it wrote before.
        output: String,
    },
}

fn waiting(service: &Option<&'static str>) -> String {
    service.map_or_else(String::new, |service| format!(", waiting for the {service}"))
}

impl Failure {
    /// The kind for metrics; `None` if the plug-in is not to blame.
    pub fn kind(&self) -> Option<FailureKind> {
        match self {
            Self::Exhausted | Self::Overdue { .. } => None,
            Self::Deadline(_) => Some(FailureKind::Deadline),
            Self::Calls { .. } | Self::ServiceCalls { .. } => Some(FailureKind::ServiceCalls),
            Self::Memory { .. } => Some(FailureKind::Memory),
            Self::Trap { .. } | Self::Types(_) => Some(FailureKind::Trap),
        }
    }

    /// Whether the same question may be answered later: the machine was busy, or a part of the server. A plug-in is a
    /// function of its input, so every other failure repeats itself.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Exhausted | Self::Overdue { .. } | Self::Deadline(_))
    }

    /// The verdict about the request.
    pub(crate) fn verdict(&self) -> Verdict {
        match (self, self.kind()) {
            (_, Some(kind)) => Verdict::Failed(kind, self.to_string()),
            (Self::Overdue { .. }, None) => Verdict::Unavailable(self.to_string()),
            (_, None) => Verdict::Overloaded,
        }
    }
}
