//! How often a shadow agreed with the live plug-in.

use std::sync::atomic::{AtomicU64, Ordering};

/// How a shadow compares with the live plug-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct ShadowCounts {
    /// Requests with the same verdict.
    pub same: u64,
    /// Requests with another verdict.
    pub different: u64,
    /// Requests on which it trapped or ran into a limit.
    pub failed: u64,
    /// Requests that it was not shown, because it was busy or its breaker open.
    pub skipped: u64,
}

/// The running counts.
#[derive(Default)]
pub(super) struct Tally {
    same: AtomicU64,
    different: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
}

impl Tally {
    pub(super) fn same(&self) {
        self.same.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn different(&self) {
        self.different.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn skipped(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts so far.
    pub(super) fn counts(&self) -> ShadowCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ShadowCounts {
            same: read(&self.same),
            different: read(&self.different),
            failed: read(&self.failed),
            skipped: read(&self.skipped),
        }
    }
}
