//! The circuit breaker of a plug-in.
//!
//! Five failures within thirty seconds open it: requests fail at once. After a second one request is let through; its
//! success closes the breaker, its failure doubles the wait, up to ten seconds.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::contract::decision::PluginId;
use crate::run::plugin_log::TARGET;

/// This many failures within [`WINDOW`] open the breaker.
const FAILURES: usize = 5;
const WINDOW: Duration = Duration::from_secs(30);

/// The first wait, and the longest one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Whether requests reach a plug-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum BreakerState {
    /// All of them do.
    Closed,
    /// None do; they fail at once.
    Open {
        /// Milliseconds until one request is let through.
        retry_in_ms: u64,
    },
    /// One request has been let through; the others fail at once.
    HalfOpen,
}

/// The breaker of one handler.
pub(crate) struct Breaker {
    plugin: PluginId,
    state: Mutex<State>,
}

enum State {
    /// With the last failures, oldest first.
    Closed(VecDeque<Instant>),
    Open {
        until: Instant,
        wait: Duration,
    },
    /// With the last wait.
    HalfOpen(Duration),
}

/// Permission to ask the plug-in about one request. Dropping it without a result, as when the client hangs up or the
/// plug-in does not claim the request, changes nothing.
#[must_use]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    /// Whether this request tries a half-open breaker.
    trial: bool,
}

impl Breaker {
    /// A closed breaker.
    pub(crate) fn new(plugin: PluginId) -> Self {
        Self { plugin, state: Mutex::new(State::Closed(VecDeque::new())) }
    }

    /// Permission to ask the plug-in; `None` while the breaker is open.
    pub(crate) fn admit(&self, now: Instant) -> Option<Pass<'_>> {
        let mut state = self.lock();
        match *state {
            State::Closed(_) => Some(Pass { breaker: self, trial: false }),
            State::Open { until, wait } if until <= now => {
                *state = State::HalfOpen(wait);
                let (plugin, digest) = self.names();
                tracing::info!(target: TARGET, plugin, digest, "the breaker lets one request through to try");
                Some(Pass { breaker: self, trial: true })
            }
            State::Open { .. } | State::HalfOpen(_) => None,
        }
    }

    /// Whether requests reach the plug-in now.
    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match &*self.lock() {
            State::Closed(_) => BreakerState::Closed,
            State::Open { until, .. } => {
                let retry_in = until.saturating_duration_since(now).as_millis();
                BreakerState::Open { retry_in_ms: u64::try_from(retry_in).unwrap_or(u64::MAX) }
            }
            State::HalfOpen(_) => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> (&str, String) {
        (self.plugin.name.as_str(), self.plugin.digest.to_string())
    }

    fn open(&self, state: &mut State, wait: Duration, now: Instant) {
        *state = State::Open { until: now + wait, wait };
        let ((plugin, digest), seconds) = (self.names(), wait.as_secs());
        tracing::error!(
            target: TARGET,
            plugin,
            digest,
            "the breaker is open: the plug-in keeps failing, and its requests are refused for {seconds} s"
        );
    }
}

impl Pass<'_> {
    /// The plug-in gave a verdict.
    pub(crate) fn succeeded(mut self) {
        if std::mem::take(&mut self.trial) {
            *self.breaker.lock() = State::Closed(VecDeque::new());
            let (plugin, digest) = self.breaker.names();
            tracing::warn!(target: TARGET, plugin, digest, "the breaker is closed: the plug-in answers again");
        }
    }

    /// The plug-in trapped, or ran into a limit.
    pub(crate) fn failed(mut self, now: Instant) {
        let mut state = self.breaker.lock();
        match &mut *state {
            State::Closed(failures) => {
                failures.push_back(now);
                while failures.front().is_some_and(|first| now.saturating_duration_since(*first) > WINDOW) {
                    failures.pop_front();
                }
                if failures.len() >= FAILURES {
                    self.breaker.open(&mut state, FIRST_WAIT, now);
                }
            }
            State::HalfOpen(wait) if std::mem::take(&mut self.trial) => {
                let wait = wait.saturating_mul(2).min(LONGEST_WAIT);
                self.breaker.open(&mut state, wait, now);
            }
            // The request was let in before the breaker opened.
            State::Open { .. } | State::HalfOpen(_) => {}
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.trial {
            let mut state = self.breaker.lock();
            if let State::HalfOpen(wait) = *state {
                // No result: the next request may try.
                *state = State::Open { until: Instant::now(), wait };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_services::Digest;

    fn breaker() -> (Breaker, Instant) {
        (Breaker::new(PluginId { name: "one".to_owned(), digest: Digest::of(b"one") }), Instant::now())
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A breaker that five failures at this instant have opened.
    fn open() -> (Breaker, Instant) {
        let (breaker, now) = breaker();
        (0..5).for_each(|_| breaker.admit(now).unwrap().failed(now));
        assert_eq!(breaker.state(now), BreakerState::Open { retry_in_ms: 1_000 });
        (breaker, now)
    }

    #[test]
    fn four_failures_in_thirty_seconds_are_endured_and_the_fifth_opens() {
        let (breaker, start) = breaker();
        for second in 0..60 {
            // Every eight seconds: never more than four in thirty.
            let now = start + seconds(8 * second);
            breaker.admit(now).unwrap().failed(now);
            assert_eq!(breaker.state(now), BreakerState::Closed);
        }
        let now = start + seconds(8 * 59 + 1);
        breaker.admit(now).unwrap().failed(now);
        assert!(breaker.admit(now).is_none());
    }

    #[test]
    fn successes_between_failures_do_not_hide_them() {
        let (breaker, now) = breaker();
        for _ in 0..5 {
            breaker.admit(now).unwrap().succeeded();
            breaker.admit(now).unwrap().failed(now);
        }
        assert!(breaker.admit(now).is_none());
    }

    #[test]
    fn one_request_tries_after_a_second_and_its_success_closes() {
        let (breaker, start) = open();
        assert!(breaker.admit(start + Duration::from_millis(999)).is_none());
        let now = start + seconds(1);
        let trial = breaker.admit(now).unwrap();
        assert_eq!(breaker.state(now), BreakerState::HalfOpen);
        assert!(breaker.admit(now).is_none(), "one at a time");
        trial.succeeded();
        assert_eq!(breaker.state(now), BreakerState::Closed);
        breaker.admit(now).unwrap().failed(now);
        assert_eq!(breaker.state(now), BreakerState::Closed, "the old failures are forgotten");
    }

    #[test]
    fn every_failed_try_doubles_the_wait_up_to_ten_seconds() {
        let (breaker, mut now) = open();
        let mut wait = seconds(1);
        for next in [2, 4, 8, 10, 10] {
            now += wait;
            breaker.admit(now).unwrap().failed(now);
            wait = seconds(next);
            assert_eq!(breaker.state(now), BreakerState::Open { retry_in_ms: next * 1_000 });
            assert!(breaker.admit(now + wait - Duration::from_millis(1)).is_none());
        }
    }

    #[test]
    fn a_try_that_is_given_up_leaves_the_next_request_to_try() {
        let (breaker, now) = open();
        drop(breaker.admit(now + seconds(1)));
        assert!(breaker.admit(Instant::now() + seconds(1)).is_some());
    }

    #[test]
    fn requests_that_were_let_in_before_change_nothing_afterwards() {
        let (breaker, now) = breaker();
        let (late_failure, late_success) = (breaker.admit(now).unwrap(), breaker.admit(now).unwrap());
        (0..5).for_each(|_| breaker.admit(now).map(|pass| pass.failed(now)).unwrap());
        late_failure.failed(now);
        late_success.succeeded();
        assert_eq!(breaker.state(now), BreakerState::Open { retry_in_ms: 1_000 });
    }
}
