//! Deletes rows that are over, in bounded batches.
//!
//! Nothing depends on it: whoever reads a row looks at its time. A row is kept for [`MARGIN`] beyond it, because another
//! node's clock may be behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dropins_host::services::Clock;
use tokio::task::AbortHandle;

use super::schema::EXPIRING;
use super::{Database, Row, StoreError, Value, within};

/// How often rows are purged.
const INTERVAL: Duration = Duration::from_secs(60);

/// Rows of one transaction, or a few more when many are over at the same second: nobody who writes must wait for a
/// long one.
const BATCH: i64 = 500;

/// How many times as long as a batch the pause after it is.
const PAUSE: u32 = 4;

/// Seconds that a row is kept after its time.
const MARGIN: u64 = 300;

/// A table whose rows are over at a time.
#[derive(Debug, Clone, Copy)]
pub struct Expiring {
    /// The table.
    pub table: &'static str,
    /// The column with the time, seconds since the Unix epoch; indexed.
    pub time: &'static str,
}

impl Expiring {
    /// Deletes the rows of one batch that were over before this time, and counts them; tells whether there are more.
    pub(super) async fn purge(&self, database: &Database, before: u64) -> Result<(u64, bool), StoreError> {
        let Self { table, time } = self;
        let next = format!("SELECT {time} FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT 1 OFFSET {BATCH}");
        let next: Vec<Row> = within(database.0.query(&next, vec![before.into()])).await?;
        // Up to and with the time of the row after the batch, so that a batch always gets on.
        let (delete, until) = match next.first() {
            Some(row) => (format!("DELETE FROM {table} WHERE {time} <= ?"), row.integer(0)?.into()),
            None => (format!("DELETE FROM {table} WHERE {time} < ?"), Value::from(before)),
        };
        let rows = within(database.0.execute(&delete, vec![until])).await?;
        Ok((rows, !next.is_empty()))
    }
}

/// Purges one database.
#[derive(Clone)]
pub struct Purger {
    database: Database,
    clock: Arc<dyn Clock>,
    purged: Arc<AtomicU64>,
}

/// A purge that goes on in the background until this is dropped.
#[must_use = "the purge ends when this is dropped"]
pub struct PurgeTask(AbortHandle);

impl Drop for PurgeTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Purger {
    /// Nothing is purged before it is asked for.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, purged: Arc::default() }
    }

    /// Rows that were deleted so far.
    pub fn purged(&self) -> u64 {
        self.purged.load(Ordering::Relaxed)
    }

    /// Deletes all rows that are over, batch by batch with pauses, so that others have most of the time.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written; what was deleted until then stays deleted.
    pub async fn purge(&self) -> Result<(), StoreError> {
        let before = self.clock.now_seconds().saturating_sub(MARGIN);
        for table in EXPIRING {
            loop {
                let begun = Instant::now();
                let (rows, more) = table.purge(&self.database, before).await?;
                self.purged.fetch_add(rows, Ordering::Relaxed);
                if !more {
                    break;
                }
                tokio::time::sleep(begun.elapsed() * PAUSE).await;
            }
        }
        Ok(())
    }

    /// Purges every minute.
    pub fn spawn(self) -> PurgeTask {
        let task = async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                if let Err(error) = self.purge().await {
                    tracing::warn!(%error, "rows that are over could not be purged; trying again later");
                }
            }
        };
        PurgeTask(tokio::spawn(task).abort_handle())
    }
}
