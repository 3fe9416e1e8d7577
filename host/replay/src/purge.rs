//! Deletes pairs that expired long ago, in bounded transactions between the decisions.
//!
//! Nothing depends on a purge: an expired pair is free whether or not its row is there. A pair is kept for a margin
//! beyond its expiry, because another node's clock may be behind.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dropins_services::{Clock, Unavailable};
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

use crate::{group_commit::GroupCommit, settings::ReplaySettings};

/// How many times as long as a batch of the background purge the pause after it is.
const PAUSE: u32 = 4;

/// Deletes expired pairs of one store.
#[derive(Clone)]
pub struct Purger {
    commit: Arc<GroupCommit>,
    clock: Arc<dyn Clock>,
    interval: Duration,
    batch: usize,
    margin: u64,
}

/// A purge that goes on in the background until this is dropped.
pub type PurgeTask = AbortOnDropHandle<()>;

impl Purger {
    pub(crate) fn new(commit: Arc<GroupCommit>, clock: Arc<dyn Clock>, settings: &ReplaySettings) -> Self {
        Self {
            commit,
            clock,
            interval: settings.purge_interval.max(Duration::from_millis(1)),
            batch: settings.purge_batch.max(1),
            margin: settings.purge_margin.as_secs(),
        }
    }

    /// One transaction: deletes at most one batch of expired pairs, and counts them.
    ///
    /// # Errors
    /// [`Unavailable`] if the store cannot do it now; nothing is lost.
    pub async fn purge_once(&self) -> Result<usize, Unavailable> {
        let (now, begun) = (self.clock.now(), Instant::now());
        let Some(until) = (now / 1000).checked_sub(self.margin) else { return Ok(0) };
        let rows = self.commit.purge(until, self.batch).await?;
        self.commit.counters().purge(rows, now, begun.elapsed());
        Ok(rows)
    }

    /// Deletes all expired pairs, batch by batch, and counts them.
    ///
    /// # Errors
    /// As [`Purger::purge_once`].
    pub async fn purge_all(&self) -> Result<usize, Unavailable> {
        let mut total = 0;
        loop {
            let rows = self.purge_once().await?;
            total += rows;
            if rows < self.batch {
                return Ok(total);
            }
        }
    }

    /// As [`Purger::purge_all`], with a pause after each batch that is a multiple of what the batch took.
    async fn purge_in_passing(&self) -> Result<usize, Unavailable> {
        let mut total = 0;
        loop {
            let begun = Instant::now();
            let rows = self.purge_once().await?;
            total += rows;
            if rows < self.batch {
                return Ok(total);
            }
            tokio::time::sleep(begun.elapsed() * PAUSE).await;
        }
    }

    /// Purges at every interval, batch by batch with pauses, so that decisions have most of the time. Needs a tokio
    /// runtime.
    pub fn spawn(self) -> PurgeTask {
        PurgeTask::new(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(self.interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                match self.purge_in_passing().await {
                    Ok(rows) => tracing::debug!(rows, "expired jti values purged"),
                    Err(error) => tracing::warn!(%error, "expired jti values could not be purged; trying again later"),
                }
            }
        }))
    }
}
