//! Generations that are no longer live while requests finish on them.

use std::sync::Arc;
use std::time::Duration;

use dropins_live::{Live, Published};

/// After this time a request on an old generation is worth a warning: `call_wall_limit` ends those that wait for services.
const PATIENCE: Duration = Duration::from_secs(10);

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
