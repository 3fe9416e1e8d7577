//! Generations that are no longer live: watched while requests finish on them, then dropped off the request path.

use std::sync::Arc;
use std::time::Duration;

use dropins_host::background;

use crate::live::Release;
use crate::live::{Live, Published};

/// After this time a request on an old generation is worth a warning: `call_wall_limit` ends those that wait for services.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a generation is looked at that waits for its last request.
const INTERVAL: Duration = Duration::from_millis(200);

/// Warns when requests are still on this generation after [`PATIENCE`].
pub(super) fn watch(published: &Arc<Published>, old: &Arc<Live>) {
    let (published, old) = (Arc::clone(published), Arc::downgrade(old));
    tokio::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        let Some(old) = old.upgrade() else { return };
        let (generation, in_flight) = (old.generation.number(), old.in_flight());
        if in_flight > 0 && published.current().generation.number() != generation {
            tracing::warn!(generation, in_flight, "requests are still on an old generation after {PATIENCE:?}");
        }
    });
}

/// Drops a release that no rollback can reach, once its last request has finished: taking native code out of memory
/// is nothing that a request should wait for.
pub(super) fn retire(release: Release) {
    tokio::spawn(async move {
        while Arc::strong_count(&release.live) > 1 {
            tokio::time::sleep(INTERVAL).await;
        }
        // A runtime that shuts down may drop it at once.
        let _ = background(move || drop(release)).await;
    });
}
