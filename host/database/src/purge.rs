//! Deletes expired rows, in bounded batches.
//!
//! Nothing depends on it: a reader of a row checks its time. A row is kept for the margin of its table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dropins_services::Clock;
use tokio_util::task::AbortOnDropHandle;

use crate::database::Database;
use crate::error::StoreError;
use crate::schema::Expiring;
use crate::timeouts::within;
use crate::value::{Row, Value};

/// How often rows are purged.
const INTERVAL: Duration = Duration::from_secs(60);

/// Rows of one transaction, or a few more if many expire at the same second: no writer waits for a long one.
const BATCH: i64 = 500;

/// How many times as long as a batch the pause after it is.
const PAUSE: u32 = 4;

/// Deletes the rows of one batch that expired before this time, and counts them; tells whether there are more.
pub(crate) async fn purge_batch(
    database: &Database,
    Expiring { table, time, .. }: &Expiring,
    before: u64,
) -> Result<(u64, bool), StoreError> {
    let next = format!("SELECT {time} FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT 1 OFFSET {BATCH}");
    let next: Vec<Row> = within(database.engine().query(&next, vec![before.into()])).await?;
    // Up to and with the time of the row after the batch, so that every batch makes progress.
    let (delete, until) = match next.first() {
        Some(row) => (format!("DELETE FROM {table} WHERE {time} <= ?"), row.integer(0)?.into()),
        None => (format!("DELETE FROM {table} WHERE {time} < ?"), Value::from(before)),
    };
    let rows = within(database.engine().execute(&delete, vec![until])).await?;
    Ok((rows, !next.is_empty()))
}

/// Purges the expiring tables of one database.
#[derive(Clone)]
pub struct Purger {
    database: Database,
    clock: Arc<dyn Clock>,
    purged: Arc<AtomicU64>,
}

/// A purge that goes on in the background until this is dropped.
pub type PurgeTask = AbortOnDropHandle<()>;

impl Purger {
    /// Purges nothing by itself.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, purged: Arc::default() }
    }

    /// Rows that were deleted so far.
    pub fn purged(&self) -> u64 {
        self.purged.load(Ordering::Relaxed)
    }

    /// Deletes all expired rows, batch by batch, with pauses in which other writers have their turn.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written; what was deleted until then stays deleted.
    pub async fn purge(&self) -> Result<(), StoreError> {
        for expiring in self.database.schema().expiring {
            let before = self.clock.now_seconds().saturating_sub(expiring.margin.as_secs());
            loop {
                let begun = Instant::now();
                let (rows, more) = purge_batch(&self.database, expiring, before).await?;
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
                    tracing::warn!(%error, "expired rows could not be purged; trying again later");
                }
            }
        };
        PurgeTask::new(tokio::spawn(task))
    }
}
