//! A proxy that waits for an answer; one that gave up is named in the log with the time-out to change.

use std::time::Instant;

use super::proxy::Proxy;

/// Dropped before it is answered, the proxy gave up.
pub(super) struct Waiting {
    proxy: Proxy,
    since: Instant,
    answered: bool,
}

impl Waiting {
    /// It begins to wait.
    pub(super) fn begin(proxy: Proxy) -> Self {
        Self { proxy, since: Instant::now(), answered: false }
    }

    /// It has its answer.
    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.answered {
            let (proxy, setting) = (self.proxy.name(), self.proxy.time_out());
            let millis = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(proxy, millis, setting, "a proxy did not wait for the answer; an assertion may be used up");
        }
    }
}
