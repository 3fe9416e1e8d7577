//! What a connection does: how many requests run on it, and when it last had one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The requests of one connection.
pub(super) struct Activity(Mutex<Requests>);

struct Requests {
    running: usize,
    /// When the last one ended; the beginning of the connection before there was one.
    ended: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        Self(Mutex::new(Requests { running: 0, ended: Instant::now() }))
    }
}

impl Activity {
    /// A request that runs until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).running += 1;
        Running(Arc::clone(self))
    }

    /// When the connection will have been idle for so long, as far as can be said now.
    pub(super) fn idle_at(&self, idle: Duration) -> Instant {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = if requests.running > 0 { Instant::now() } else { requests.ended };
        since + idle
    }
}

/// A running request.
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut requests = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.running = requests.running.saturating_sub(1);
        requests.ended = Instant::now();
    }
}
