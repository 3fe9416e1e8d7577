//! What a database must do to hold the pairs.
//!
//! The writer owns the [`Backend`] and calls it from a thread of its own, one call at a time. A backend may block there. One
//! that awaits or spawns does so in a single-threaded tokio runtime.

use std::sync::Arc;

use dropins_services::Unavailable;

use crate::entry::{Entry, Key, Outcome};

/// Sessions of a reader: reads are rare.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) const READERS: usize = 2;

/// The writing side of a store.
#[async_trait::async_trait]
pub trait Backend: Sized + Send + 'static {
    /// Whether no call of this backend awaits anything. Its writer then waits on its queue without a runtime, whose driver
    /// would cost a system call for each wake.
    const BLOCKS: bool = false;

    /// The reading side, usable from any thread while the writer works.
    fn reader(&self) -> Arc<dyn Reader>;

    /// Decides every entry by one atomic statement each (or one for all), all of them in one durable transaction:
    /// a pair is free when it is absent or its `EXP_TIME` is at or before the entry's `now`. The keys are distinct
    /// and sorted; the answer has one outcome for each, in the same order.
    ///
    /// # Errors
    /// [`Unavailable`] when any of it failed or may have failed; then no caller is told [`Outcome::First`].
    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable>;

    /// Until when each of these pairs is remembered (Unix seconds), which may be in the past; `None` for an unknown one.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read.
    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable>;

    /// The last `EXP_TIME` of a pair without a client, which a table of WSO2 Identity Server left behind.
    fn inherited_until(&self) -> Option<u64> {
        None
    }

    /// What deletes expired pairs while the writer works; `None` where only the writer can, by [`Backend::purge`].
    fn deleter(&self) -> Option<Arc<dyn Deleter>> {
        None
    }

    /// As [`Deleter::purge`], between two batches. Not called where there is a deleter; nothing to do for a database that
    /// forgets by itself.
    ///
    /// # Errors
    /// [`Unavailable`] when it failed.
    async fn purge(&mut self, _until: u64, _limit: usize) -> Result<usize, Unavailable> {
        Ok(0)
    }

    /// Writes something harmless and commits it, to learn whether writing is possible.
    ///
    /// # Errors
    /// [`Unavailable`] when it is not.
    async fn probe(&mut self) -> Result<(), Unavailable>;

    /// Replaces the connection; called before the next use after any error.
    ///
    /// # Errors
    /// [`Unavailable`] when there is no connection to be had; it is then tried again before the next use.
    async fn reconnect(&mut self) -> Result<(), Unavailable>;

    /// Leaves everything in order: the last call.
    ///
    /// # Errors
    /// [`Unavailable`] when that failed; what was committed stays committed.
    async fn close(self) -> Result<(), Unavailable>;
}

/// The reading side of a store; it never writes and never waits for the writer.
#[async_trait::async_trait]
pub trait Reader: Send + Sync + 'static {
    /// Until when the pair is remembered (Unix seconds), which may be in the past; `None` when it is unknown.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read.
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable>;

    /// How much the store holds. This may scan the table.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read.
    async fn size(&self) -> Result<Size, Unavailable>;
}

/// The deleting side of a store that need not wait for the writer, nor the writer for it.
#[async_trait::async_trait]
pub trait Deleter: Send + Sync + 'static {
    /// Deletes at most `limit` pairs whose `EXP_TIME` is at or before `until` (Unix seconds), and counts them. One node
    /// at a time: none while another one purges the same database.
    ///
    /// # Errors
    /// [`Unavailable`] when it failed.
    async fn purge(&self, until: u64, limit: usize) -> Result<usize, Unavailable>;
}

/// How much a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Pairs, expired ones included; on a database server an estimate from 100 000 on.
    pub rows: u64,
    /// Bytes of the table with its indexes; of the whole file (SQLite) or the whole server (Redis); 0 in memory.
    pub bytes: u64,
}
