//! Counters of the fetcher, for metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::outcome::FetchOutcome;

/// A snapshot of the counters since the fetcher was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchStats {
    /// Fetches by outcome; an outcome that never occurred is missing.
    pub fetches: BTreeMap<FetchOutcome, u64>,
    /// Requests that a fresh set answered.
    pub cached: u64,
    /// Requests that a stale set answered.
    pub stale: u64,
    /// Requests without a set.
    pub unavailable: u64,
    /// Requests that did not wait for a fetch because too many others were waiting.
    pub crowded: u64,
}

impl FetchStats {
    /// The sums of both.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (outcome, count) in &other.fetches {
            *self.fetches.entry(*outcome).or_default() += count;
        }
        let Self { cached, stale, unavailable, crowded, .. } = *other;
        self.cached += cached;
        self.stale += stale;
        self.unavailable += unavailable;
        self.crowded += crowded;
        self
    }

    /// Fetches with this outcome.
    #[must_use]
    pub fn of(&self, outcome: FetchOutcome) -> u64 {
        self.fetches.get(&outcome).copied().unwrap_or_default()
    }
}

/// The live counters behind [`FetchStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    fetches: Mutex<BTreeMap<FetchOutcome, u64>>,
    cached: AtomicU64,
    stale: AtomicU64,
    unavailable: AtomicU64,
    crowded: AtomicU64,
}

impl Counters {
    pub(crate) fn fetch(&self, outcome: FetchOutcome) {
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        *fetches.entry(outcome).or_default() += 1;
    }

    pub(crate) fn cached(&self) {
        self.cached.fetch_add(1, Relaxed);
    }

    pub(crate) fn stale(&self) {
        self.stale.fetch_add(1, Relaxed);
    }

    pub(crate) fn unavailable(&self) {
        self.unavailable.fetch_add(1, Relaxed);
    }

    pub(crate) fn crowded(&self) {
        self.crowded.fetch_add(1, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> FetchStats {
        FetchStats {
            fetches: self.fetches.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            cached: self.cached.load(Relaxed),
            stale: self.stale.load(Relaxed),
            unavailable: self.unavailable.load(Relaxed),
            crowded: self.crowded.load(Relaxed),
        }
    }
}
