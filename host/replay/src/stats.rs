//! What the store has done, for metrics.
//!
//! Counters only grow and are read one by one: a snapshot taken under load may be off by the calls in flight.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use dropins_services::{Memory, Unavailable, UnixMillis};

/// A snapshot of the counters since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Decisions that found a first use.
    pub first: u64,
    /// Of these, repeated uses that were forgiven: retries of a request that ended in a server error.
    pub forgiven: u64,
    /// Decisions that found a repeated use, from the store or the cache.
    pub seen: u64,
    /// Decisions that the store could not make.
    pub unavailable: u64,
    /// Decisions that the cache answered.
    pub cache_hits: u64,
    /// Decisions that asked the cache in vain.
    pub cache_misses: u64,
    /// Transactions that decided something.
    pub batches: u64,
    /// Entries in all of these transactions; divided by `batches`, the mean size.
    pub batched: u64,
    /// Entries in the largest of them.
    pub largest_batch: u64,
    /// Decisions and other work that wait for the writer now.
    pub queue_depth: u64,
    /// Expired pairs deleted.
    pub purged: u64,
    /// Time of the purge transactions, their wait for the writer included.
    pub purge_time: Duration,
    /// When the last purge transaction succeeded, milliseconds since the Unix epoch.
    pub last_purge: Option<UnixMillis>,
}

/// The live counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    first: AtomicU64,
    forgiven: AtomicU64,
    seen: AtomicU64,
    unavailable: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    batches: AtomicU64,
    batched: AtomicU64,
    largest_batch: AtomicU64,
    purged: AtomicU64,
    purge_micros: AtomicU64,
    last_purge: AtomicU64,
    /// Whether the last write failed.
    broken: AtomicBool,
}

impl Counters {
    pub(crate) fn decision(&self, verdict: &Result<Memory, Unavailable>) {
        let counter = match verdict {
            Ok(Memory::First) => &self.first,
            Ok(Memory::Seen) => &self.seen,
            Err(_) => &self.unavailable,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn forgiven(&self) {
        self.forgiven.fetch_add(1, Relaxed);
    }

    pub(crate) fn cache(&self, hit: bool) {
        let counter = if hit { &self.cache_hits } else { &self.cache_misses };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn batch(&self, entries: usize) {
        let entries = entries as u64;
        self.batches.fetch_add(1, Relaxed);
        self.batched.fetch_add(entries, Relaxed);
        self.largest_batch.fetch_max(entries, Relaxed);
    }

    pub(crate) fn purge(&self, rows: usize, now: UnixMillis, took: Duration) {
        self.purged.fetch_add(rows as u64, Relaxed);
        self.purge_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        self.last_purge.store(now, Relaxed);
    }

    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Relaxed);
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }

    pub(crate) fn snapshot(&self, queue_depth: usize) -> Stats {
        Stats {
            first: self.first.load(Relaxed),
            forgiven: self.forgiven.load(Relaxed),
            seen: self.seen.load(Relaxed),
            unavailable: self.unavailable.load(Relaxed),
            cache_hits: self.cache_hits.load(Relaxed),
            cache_misses: self.cache_misses.load(Relaxed),
            batches: self.batches.load(Relaxed),
            batched: self.batched.load(Relaxed),
            largest_batch: self.largest_batch.load(Relaxed),
            queue_depth: queue_depth as u64,
            purged: self.purged.load(Relaxed),
            purge_time: Duration::from_micros(self.purge_micros.load(Relaxed)),
            last_purge: Some(self.last_purge.load(Relaxed)).filter(|at| *at != 0),
        }
    }
}
