//! How long a call may take. A call that times out is unavailable, and its effect is unknown.

use std::time::Duration;

use crate::error::StoreError;

/// How long a call may take.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// How long a verified session is trusted to be alive and on the primary; and how long a server may take to answer that.
#[cfg(feature = "_server")]
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// How long SQLite waits for a lock of another process: shorter than [`TIMEOUT`], so that a caller learns that it was a
/// lock.
pub(crate) const BUSY_TIMEOUT: Duration = TIMEOUT.saturating_sub(Duration::from_millis(500));

/// Awaits work for no longer than [`TIMEOUT`].
pub(crate) async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::unavailable(format_args!("no answer within {TIMEOUT:?}"));
    tokio::time::timeout(TIMEOUT, work).await.map_err(late)?
}
