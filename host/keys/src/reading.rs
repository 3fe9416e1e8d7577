//! The keys of one source while it is read, and the findings about them.

use std::sync::Arc;

use crate::client_key::ClientKey;
use crate::finding::{Finding, Severity};

/// The message about a source without a usable key.
const NO_KEY: &str = "there is no key here that can be used: register the client's public key";
/// Skipped keys whose reason that message repeats.
const MAX_CAUSES: usize = 4;

/// Why a key is not used, before it is known which key it is.
#[derive(Debug)]
pub(crate) struct KeyRefusal {
    pub(crate) severity: Severity,
    pub(crate) message: String,
}

impl KeyRefusal {
    /// The key is wrong.
    pub(crate) fn error(message: impl std::fmt::Display) -> Self {
        Self { severity: Severity::Error, message: message.to_string() }
    }

    /// The key is skipped: it may be good, but not for verifying signatures here.
    pub(crate) fn skip(message: impl std::fmt::Display) -> Self {
        Self { severity: Severity::Warning, message: message.to_string() }
    }
}

/// The keys of one source, and the findings about them.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) source: String,
    pub(crate) keys: Vec<Arc<ClientKey>>,
    pub(crate) findings: Vec<Finding>,
}

impl Reading {
    pub(crate) fn new(source: String) -> Self {
        Self { source, keys: Vec::new(), findings: Vec::new() }
    }

    /// Adds a key and reports on the validity of its certificate at `now`, in seconds since the Unix epoch.
    pub(crate) fn add(&mut self, label: &str, key: ClientKey, now: i64) {
        if let Some(warning) = key.validity().and_then(|validity| validity.warning(now)) {
            self.report(Severity::Warning, label, warning);
        }
        self.keys.push(Arc::new(key));
    }

    pub(crate) fn report(&mut self, severity: Severity, key: &str, message: impl std::fmt::Display) {
        let (source, key, message) = (self.source.clone(), key.to_owned(), message.to_string());
        self.findings.push(Finding { severity, source, key, message });
    }

    /// Ends the reading. A source without any usable key is an error that tells why each key was skipped.
    pub(crate) fn finish(mut self) -> Self {
        if self.keys.is_empty() && !self.findings.iter().any(|finding| finding.severity == Severity::Error) {
            let causes: Vec<_> = self.findings.iter().take(MAX_CAUSES).map(Finding::detail).collect();
            let message = match self.findings.len().saturating_sub(MAX_CAUSES) {
                0 if causes.is_empty() => NO_KEY.to_owned(),
                0 => format!("{NO_KEY}. {}", causes.join("; ")),
                more => format!("{NO_KEY}. {}; and {more} more", causes.join("; ")),
            };
            self.report(Severity::Error, "", message);
        }
        self
    }

    pub(crate) fn refuse(&mut self, key: &str, refusal: KeyRefusal) {
        self.report(refusal.severity, key, refusal.message);
    }
}
