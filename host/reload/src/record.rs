//! What the reloader did last, for status and metrics.
//!
//! The reloader writes it; readers do not wait for a build.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;

use dropins_live::{Live, PendingRestart};

/// A candidate that was refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rejected {
    /// When it was refused for the first time, seconds since the Unix epoch.
    pub at: u64,
    /// When the same contents are tried again, seconds since the Unix epoch; none when they would be refused again, and
    /// wait for a change or a word.
    pub retry_at: Option<u64>,
    /// Why, with every place in the file; it may have several lines.
    pub reason: String,
    /// Whether good contents have come since.
    pub superseded: bool,
}

/// A generation that can be returned to, or the live one.
#[derive(Clone)]
pub struct Kept {
    /// Its number.
    pub generation: u64,
    /// When it was last published, seconds since the Unix epoch.
    pub published_at: u64,
    /// Whether the operator rolled back from it.
    pub withdrawn: bool,
    /// The generation itself, as long as it is kept.
    pub live: Weak<Live>,
}

impl Kept {
    /// Requests that began on it and have not finished.
    pub fn in_flight(&self) -> u64 {
        self.live.upgrade().map_or(0, |live| live.in_flight())
    }
}

/// The state of the reloader after its last transition.
#[derive(Clone, Default)]
pub struct Report {
    /// The live generation, then the kept ones, the newest first.
    pub kept: Vec<Kept>,
    /// When the operator rolled back, if other contents of the folders wait for a reload or a change since.
    pub pinned_since: Option<u64>,
    /// The last candidate that was refused.
    pub rejected: Option<Rejected>,
    /// Sections of the live configuration that wait for a restart.
    pub needs_restart: Vec<PendingRestart>,
}

/// Where the reloader reports.
#[derive(Default)]
pub struct Record {
    up: AtomicBool,
    building_since: AtomicU64,
    report: ArcSwap<Report>,
}

/// The reloader runs until this is dropped.
pub(super) struct Up(Arc<Record>);

impl Drop for Up {
    fn drop(&mut self) {
        self.0.up.store(false, Ordering::Relaxed);
    }
}

/// A candidate is being built until this is dropped.
pub(super) struct Building<'a>(&'a Record);

impl Drop for Building<'_> {
    fn drop(&mut self) {
        self.0.building_since.store(0, Ordering::Relaxed);
    }
}

impl Up {
    pub(super) fn new(record: &Arc<Record>) -> Self {
        record.up.store(true, Ordering::Relaxed);
        Self(Arc::clone(record))
    }
}

impl Record {
    /// Whether changes of the folders are noticed.
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// The state after the last transition.
    pub fn report(&self) -> Arc<Report> {
        self.report.load_full()
    }

    pub(super) fn set(&self, report: Report) {
        self.report.store(Arc::new(report));
    }

    pub(super) fn building(&self, now: u64) -> Building<'_> {
        self.building_since.store(now, Ordering::Relaxed);
        Building(self)
    }

    /// When the candidate was begun that is being built.
    pub fn building_since(&self) -> Option<u64> {
        Some(self.building_since.load(Ordering::Relaxed)).filter(|since| *since > 0)
    }
}
