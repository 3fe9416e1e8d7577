//! The store of used `jti` values as the server holds it: cache, group commit, purge and counters in one.
//!
//! The cache may answer that a pair was seen; that it is free comes from the backend's committed transaction only. A use
//! that the backend saw before is still a first one when it retries a request that this process is known to have failed.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "_sql")]
use dropins_database as database;
use dropins_database::OpenError;
use dropins_services::{Attempted, Clock, Memory, ReplayStore, Unavailable, Use};

#[cfg(feature = "_sql")]
use crate::inherited::Inheriting;
use crate::{
    backend::{Backend, Size},
    cache::JtiCache,
    entry::{Entry, Outcome},
    group_commit::GroupCommit,
    memory::MemoryStore,
    purge::Purger,
    retry::Retry,
    settings::{Location, ReplaySettings},
    stats::Stats,
};

/// What [`JtiStore::open`] would change in the database that the settings name, one sentence each; it changes nothing.
/// Empty when everything is in place. Blocks on the disk and the network.
///
/// # Errors
/// [`OpenError`], as far as `open` would fail with it.
pub fn plan(settings: &ReplaySettings) -> Result<Vec<String>, OpenError> {
    match &settings.location {
        #[cfg(feature = "sqlite")]
        Location::Database(database::Location::Sqlite(path)) => crate::SqliteBackend::plan(path, settings.timeout),
        #[cfg(feature = "postgres")]
        Location::Database(database::Location::Postgres(url)) => {
            blocking(crate::PostgresBackend::plan(url, settings.timeout))
        }
        #[cfg(feature = "mysql")]
        Location::Database(database::Location::Mysql(url)) => {
            blocking(crate::MysqlBackend::plan(url, settings.timeout))
        }
        #[cfg(feature = "redis")]
        Location::Redis(url) => blocking(crate::RedisBackend::plan(url, settings.timeout)),
        Location::Memory => Ok(Vec::new()),
        #[cfg(feature = "_sql")]
        #[allow(unreachable_patterns, reason = "dropins-database may be built with more engines than this crate")]
        Location::Database(location) => Err(lacking(location)),
    }
}

/// What can make the store that the settings name forget used assertions, in one sentence: a server that does not wait
/// for its disk. Blocks on the network.
///
/// # Errors
/// [`OpenError`], as far as `open` would fail with it.
pub fn risk(settings: &ReplaySettings) -> Result<Option<&'static str>, OpenError> {
    match &settings.location {
        #[cfg(feature = "postgres")]
        Location::Database(database::Location::Postgres(url)) => {
            blocking(crate::PostgresBackend::risk(url, settings.timeout))
        }
        #[cfg(feature = "mysql")]
        Location::Database(database::Location::Mysql(url)) => {
            blocking(crate::MysqlBackend::risk(url, settings.timeout))
        }
        #[cfg(feature = "redis")]
        Location::Redis(url) => blocking(crate::RedisBackend::risk(url, settings.timeout)),
        _ => Ok(None),
    }
}

/// This crate was built without the engine.
#[cfg(feature = "_sql")]
fn lacking(location: &database::Location) -> OpenError {
    let detail = format!("this build has no {}; build dropins-replay with that feature", location.kind());
    OpenError::Unfit { database: location.to_string(), detail }
}

/// Awaits in a thread and a runtime of its own: the caller may or may not be in one.
#[cfg(feature = "_server")]
fn blocking<T: Send>(work: impl Future<Output = Result<T, OpenError>> + Send) -> Result<T, OpenError> {
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("replay-open".into()).spawn_scoped(scope, run)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The store of used `jti` values.
pub struct JtiStore {
    commit: Arc<GroupCommit>,
    cache: JtiCache,
    purger: Purger,
}

impl JtiStore {
    /// Opens the store that the settings name, making or converting its table where [`plan`] says so, under a lock
    /// that nodes which start together share; writes a [`risk`] into the log. Blocks on the disk and the network.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn open(settings: &ReplaySettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        if let Some(risk) = risk(settings)? {
            tracing::warn!(database = %settings.location, "{risk}");
        }
        match &settings.location {
            #[cfg(feature = "sqlite")]
            Location::Database(database::Location::Sqlite(path)) => {
                Self::over(Inheriting::over(crate::SqliteBackend::open(path, settings.timeout)?), settings, clock)
            }
            #[cfg(feature = "postgres")]
            Location::Database(database::Location::Postgres(url)) => {
                let backend = blocking(crate::PostgresBackend::open(url, settings.timeout))?;
                Self::over(Inheriting::over(backend), settings, clock)
            }
            #[cfg(feature = "mysql")]
            Location::Database(database::Location::Mysql(url)) => {
                let backend = blocking(crate::MysqlBackend::open(url, settings.timeout))?;
                Self::over(Inheriting::over(backend), settings, clock)
            }
            #[cfg(feature = "redis")]
            Location::Redis(url) => {
                let backend = blocking(crate::RedisBackend::open(url, settings.timeout, settings.purge_margin))?;
                Self::over(backend, settings, clock)
            }
            Location::Memory => Self::over(MemoryStore::new(), settings, clock),
            #[cfg(feature = "_sql")]
            #[allow(unreachable_patterns, reason = "dropins-database may be built with more engines than this crate")]
            Location::Database(location) => Err(lacking(location)),
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

    /// Gives the cache another timeout and capacity; zero in either turns it off. It begins empty, which costs a
    /// replay one database access and never lets one pass.
    pub fn reconfigure_cache(&self, timeout: Duration, capacity: u64) {
        self.cache.resize(timeout, capacity);
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
        self.size().await.map(|size| size.rows)
    }

    /// How many pairs and bytes the store holds. This may scan the table.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read in time.
    pub async fn size(&self) -> Result<Size, Unavailable> {
        self.commit.within(self.commit.reader().size()).await
    }

    /// Whether the store can be read, and written as far as is known: after a failed write it is tried again.
    ///
    /// # Errors
    /// [`Unavailable`] says what is wrong.
    pub async fn healthy(&self) -> Result<(), Unavailable> {
        self.commit.healthy().await
    }

    /// Decides what waits, rejects what comes later, and closes the backend.
    ///
    /// # Errors
    /// [`Unavailable`] when the backend could not be closed in order, or was closed before.
    pub async fn close(&self) -> Result<(), Unavailable> {
        self.commit.close().await
    }

    async fn decide(&self, used: Use) -> Result<Memory, Unavailable> {
        let retry = Retry::of(&used);
        // The cache knows the pair of a retry, but not that it may be forgiven.
        let cached = used.cached && !retry.as_ref().is_some_and(|retry| self.commit.retries().expects(retry));
        let entry = Entry::try_from(used)?;
        if cached {
            let hit = self.cache.knows(&entry.key, entry.now);
            self.commit.counters().cache(hit);
            if hit {
                return Ok(Memory::Seen);
            }
        }
        let asked = entry.clone();
        let outcome = self.commit.decide(entry, retry.clone()).await?;
        let until = outcome.until(&asked);
        let verdict = match (outcome, retry) {
            (Outcome::Seen { until }, Some(retry)) if self.commit.retries().take(&retry, until) => {
                let client = asked.key.client_id.as_str();
                tracing::info!(client, "a request that this server failed before is repeated, and is no replay");
                self.commit.counters().forgiven();
                Memory::First
            }
            (Outcome::First, Some(retry)) => {
                self.commit.retries().begun(&retry);
                Memory::First
            }
            (outcome, _) => outcome.into(),
        };
        self.cache.note(asked.key, until);
        Ok(verdict)
    }
}

#[async_trait::async_trait]
impl ReplayStore for JtiStore {
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
        let verdict = self.decide(used).await;
        self.commit.counters().decision(&verdict);
        verdict
    }

    async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
        let cached = used.cached;
        let entry = Entry::try_from(used)?;
        if cached && self.cache.knows(&entry.key, entry.now) {
            return Ok(Memory::Seen);
        }
        let stored = self.commit.within(self.commit.reader().expires_at(&entry.key)).await?;
        Ok(entry.judge(stored))
    }

    fn forgive(&self, attempted: Attempted) {
        if let Some(retry) = Retry::of(&attempted.used) {
            self.commit.retries().failed(&retry, attempted.first);
        }
    }
}
