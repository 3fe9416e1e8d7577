//! What the service manager is told: ready, reloading, stopping, alive (sd_notify(3)).
//!
//! Without one, which is without `NOTIFY_SOCKET`, nothing is sent. A message that cannot be sent is a line in the log
//! and stops nothing.

use sd_notify::NotifyState;
use std::time::Duration;

/// The server accepts requests.
pub fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The server ends.
pub fn stopping() {
    send(&[NotifyState::Stopping, NotifyState::Status("requests in flight finish")]);
}

/// Says that the process is alive as often as the service manager wants; returns at once if it does not want it.
///
/// The caller's runtime polls it: a runtime that no longer runs tasks is not alive.
pub async fn keep_watchdog() {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let mut beat = tokio::time::interval((patience / 2).max(Duration::from_millis(1)));
    loop {
        beat.tick().await;
        send(&[NotifyState::Watchdog]);
    }
}

/// A reload that the operator asked for. Dropped in any way, it says that the server is ready again.
pub(crate) struct Reloading {
    status: String,
}

impl Reloading {
    /// The service manager waits from now on.
    pub(crate) fn begin() -> Self {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => send(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the service manager is not told of the reload"),
        }
        Self { status: "the reload ended without a verdict".to_owned() }
    }

    /// The verdict.
    pub(crate) fn end(mut self, status: String) {
        self.status = status;
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        ready(&self.status);
    }
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
