//! The counters of one handler, for status and metrics.
//!
//! The handlers of the same component in later generations go on counting, see `Generation::keep_counting`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::contract::decision::FailureKind;

/// The counts of a component since it first served.
#[derive(Debug, Default)]
pub struct Counters {
    calls: AtomicU64,
    failures: AtomicU64,
    refused: AtomicU64,
    last_failure: Mutex<Option<(FailureKind, String)>>,
}

impl Counters {
    /// Requests for it, including those that its open breaker answered.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Its failures.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Requests that its open breaker answered.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The last failure.
    pub fn last_failure(&self) -> Option<(FailureKind, String)> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, kind: FailureKind, message: &str) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some((kind, message.to_owned()));
    }

    pub(crate) fn was_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
