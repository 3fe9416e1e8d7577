//! The loop that notices changes by itself.
//!
//! It is started again when it ends, whatever ended it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

use super::reader::Reading;
use super::record::Up;
use super::reloader::{Reloader, Trigger};
use super::{settle, watch};

/// How often stamps are compared although nothing was reported: for network file systems, and for lost events.
const RESCAN: Duration = Duration::from_secs(3);
/// The pause before a loop that ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

impl Reloader {
    /// What the folders hold and why it is worth a look, if it is: it was not judged yet, or is to be judged again.
    async fn look(&self) -> Option<(Trigger, Reading)> {
        let (contents, read) = match self.reader.unchanged().await {
            Some(contents) => (contents, None),
            None => {
                self.reader.settle().await;
                let (contents, read) = self.reader.read().await;
                (contents, Some(read))
            }
        };
        let trigger = {
            let state = self.state.lock().await;
            // Contents that are live again end a rollback's hold and a rejection.
            let settled = state.rejected.is_some() || state.pin.is_some();
            if state.is_due(contents, self.clock.now_seconds()) {
                Trigger::Retry
            } else if state.judging(contents).is_none()
                && (state.is_news(contents) || (settled && contents == state.live().snapshot.fingerprint()))
            {
                Trigger::Change
            } else {
                return None;
            }
        };
        match read {
            Some(read) => Some((trigger, (contents, read))),
            None => Some((trigger, self.reader.read().await)),
        }
    }

    /// Waits for changes until the handle is dropped.
    pub fn start(self: &Arc<Self>) -> AbortOnDropHandle<()> {
        let this = Arc::clone(self);
        let supervisor = tokio::spawn(async move {
            loop {
                let mut watching = JoinSet::new();
                watching.spawn(Arc::clone(&this).run());
                if let Some(Err(error)) = watching.join_next().await {
                    tracing::error!(%error, "the reloader has ended and is started again");
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        AbortOnDropHandle::new(supervisor)
    }

    async fn run(self: Arc<Self>) {
        let _up = Up::new(&self.record);
        let _watcher = watch::folders(&self.reader.folders(), Arc::clone(&self.dirty));
        let mut rescan = tokio::time::interval(RESCAN);
        rescan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.dirty.notified() => {
                    settle::quiet(&self.dirty).await;
                    self.reload_at_once(Trigger::Change).await;
                }
                _ = rescan.tick() => {
                    if let Some((trigger, reading)) = self.look().await {
                        self.take_up(trigger, reading).await;
                    }
                }
            }
        }
    }

    /// Why the folders are worth a look.
    #[cfg(test)]
    pub(super) async fn news(&self) -> Option<Trigger> {
        self.look().await.map(|(trigger, _)| trigger)
    }
}
