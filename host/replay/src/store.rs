//! The store of used `jti` values as the server holds it: cache, group commit, purge and counters in one.
//!
//! The cache may answer that a pair was seen; that it is free comes from the backend's committed transaction only.

use std::sync::Arc;

use dropins_host::services::{Clock, ReplayStore, Unavailable, Use, Verdict};

use crate::{
    backend::Backend,
    cache::JtiCache,
    entry::Entry,
    group_commit::GroupCommit,
    memory::MemoryStore,
    open_error::OpenError,
    purge::Purger,
    settings::{Location, ReplaySettings},
    stats::Stats,
};

/// The store of used `jti` values.
pub struct JtiStore {
    commit: Arc<GroupCommit>,
    cache: JtiCache,
    purger: Purger,
}

impl JtiStore {
    /// Opens the store that the settings name, making its table when it is missing. Blocks on the disk.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn open(settings: &ReplaySettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        match &settings.location {
            #[cfg(feature = "sqlite")]
            Location::Sqlite(path) => Self::over(crate::SqliteBackend::open(path, settings.timeout)?, settings, clock),
            Location::Memory => Self::over(MemoryStore::new(), settings, clock),
        }
    }

    /// A store over any backend.
    ///
    /// # Errors
    /// [`OpenError::Writer`] when the writer cannot start.
    pub fn over<B: Backend>(backend: B, settings: &ReplaySettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let commit = Arc::new(GroupCommit::start(backend, settings)?);
        let purger = Purger::new(Arc::clone(&commit), clock, settings);
        Ok(Self { commit, cache: JtiCache::new(settings), purger })
    }

    /// What deletes expired pairs: once, or in the background by [`Purger::spawn`].
    pub fn purger(&self) -> Purger {
        self.purger.clone()
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.commit.counters().snapshot(self.commit.queue_depth())
    }

    /// How many pairs the store holds, expired ones included. This may scan the table.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read in time.
    pub async fn rows(&self) -> Result<u64, Unavailable> {
        self.commit.within(self.commit.reader().rows()).await
    }

    /// Whether the store can be read, and written as far as is known: after a failed write it is tried again.
    ///
    /// # Errors
    /// [`Unavailable`] says what is wrong.
    pub async fn healthy(&self) -> Result<(), Unavailable> {
        self.commit.healthy().await
    }

    /// Decides what waits, refuses what comes later, and closes the backend.
    ///
    /// # Errors
    /// [`Unavailable`] when the backend could not be closed in order, or was closed before.
    pub async fn close(&self) -> Result<(), Unavailable> {
        self.commit.close().await
    }

    async fn decide(&self, used: Use) -> Result<Verdict, Unavailable> {
        let cached = used.cached;
        let entry = Entry::try_from(used)?;
        if cached {
            let hit = self.cache.knows(&entry.key, entry.now);
            self.commit.counters().cache(hit);
            if hit {
                return Ok(Verdict::Seen);
            }
        }
        let asked = entry.clone();
        let outcome = self.commit.decide(entry).await?;
        let until = outcome.until(&asked);
        self.cache.note(asked.key, until);
        Ok(outcome.into())
    }
}

#[async_trait::async_trait]
impl ReplayStore for JtiStore {
    async fn remember(&self, used: Use) -> Result<Verdict, Unavailable> {
        let verdict = self.decide(used).await;
        self.commit.counters().decision(&verdict);
        verdict
    }

    async fn peek(&self, used: Use) -> Result<Verdict, Unavailable> {
        let cached = used.cached;
        let entry = Entry::try_from(used)?;
        if cached && self.cache.knows(&entry.key, entry.now) {
            return Ok(Verdict::Seen);
        }
        let stored = self.commit.within(self.commit.reader().expires_at(&entry.key)).await?;
        Ok(entry.judge(stored))
    }
}
