//! The loop that notices changes by itself.
//!
//! It is started again when it ends, whatever ended it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

use super::record::Up;
use super::reloader::{Reloader, Trigger};
use super::{settle, watch};

/// How often contents are compared although nothing was reported: for network file systems, and for lost events.
const RESCAN: Duration = Duration::from_secs(3);
/// The pause before a loop that ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

impl Reloader {
    /// Why the folders are worth a look, if they are: they hold what nobody has judged yet, or what is to be judged again.
    pub(super) async fn news(&self) -> Option<Trigger> {
        let (digest, _) = self.read().await;
        let state = self.state.lock().await;
        if state.is_due(digest, self.clock.now_seconds()) {
            return Some(Trigger::Retry);
        }
        // Contents that are live again end a rollback's hold and a rejection.
        let settled = state.rejected.is_some() || state.pin.is_some();
        let news = state.is_news(digest) || (settled && digest == state.live().snapshot.fingerprint());
        news.then_some(Trigger::Change)
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
        let _watcher = watch::folders(&self.folders(), Arc::clone(&self.dirty));
        let mut rescan = tokio::time::interval(RESCAN);
        rescan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let trigger = tokio::select! {
                () = self.dirty.notified() => {
                    settle::quiet(&self.dirty).await;
                    Some(Trigger::Change)
                }
                _ = rescan.tick() => self.news().await,
            };
            if let Some(trigger) = trigger {
                self.reload(trigger).await;
            }
        }
    }
}
