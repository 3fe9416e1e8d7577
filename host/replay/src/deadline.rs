//! Work of a store that may take no longer than a decision.

use std::time::Duration;

use dropins_services::Unavailable;

use crate::entry::down;

/// Awaits work for no longer than this.
pub(crate) async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| Err(too_slow(timeout)))
}

/// The work took longer than this.
pub(crate) fn too_slow(timeout: Duration) -> Unavailable {
    down(format_args!("no answer within {timeout:?}"))
}
