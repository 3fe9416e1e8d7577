//! Decisions a minute over the last hour, for the chart of the overview.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dropins_services::Clock;
use dropins_telemetry::metrics::{Metrics, Totals};
use tokio_util::task::AbortOnDropHandle;

/// Minutes that are remembered.
pub(crate) const MINUTES: u64 = 60;
/// How often the counters are read.
const INTERVAL: Duration = Duration::from_secs(5);

/// The decisions of the last hour, by minute.
#[derive(Default)]
pub(crate) struct Rates(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    last: Totals,
    /// A minute since the Unix epoch, and its decisions; the oldest first, without empty ones.
    minutes: VecDeque<(u64, Totals)>,
}

impl Rates {
    /// Takes the totals as of `now`, seconds since the Unix epoch.
    pub(crate) fn take(&self, totals: Totals, now: u64) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::replace(&mut remembered.last, totals);
        let minute = now / 60;
        remembered.minutes.retain(|(at, _)| (minute.saturating_sub(MINUTES)..=minute).contains(at));
        if last == totals {
            return;
        }
        if remembered.minutes.back().is_none_or(|(at, _)| *at != minute) {
            remembered.minutes.push_back((minute, Totals::default()));
        }
        if let Some((_, counted)) = remembered.minutes.back_mut() {
            counted.authenticated += totals.authenticated.saturating_sub(last.authenticated);
            counted.rejected += totals.rejected.saturating_sub(last.rejected);
            counted.failed += totals.failed.saturating_sub(last.failed);
        }
    }

    /// The last hour as of `now`, a value for each minute, the oldest first.
    pub(crate) fn hour(&self, now: u64) -> Vec<Totals> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = (now / 60).saturating_sub(MINUTES - 1);
        let of = |minute: u64| remembered.minutes.iter().find(|(at, _)| *at == minute).map(|(_, counted)| *counted);
        (first..first + MINUTES).map(|minute| of(minute).unwrap_or_default()).collect()
    }
}

/// Reads the counters until the handle is dropped.
pub(crate) fn sample(rates: Arc<Rates>, metrics: Arc<Metrics>, clock: Arc<dyn Clock>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            rates.take(metrics.totals(), clock.now_seconds());
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(authenticated: u64) -> Totals {
        Totals { authenticated, ..Totals::default() }
    }

    #[test]
    fn a_minute_has_the_decisions_between_its_readings_and_an_hour_is_kept() {
        let rates = Rates::default();
        for (count, now) in [(2, 6_000), (5, 6_030), (5, 6_060), (6, 6_100)] {
            rates.take(totals(count), now);
        }
        let hour = rates.hour(6_100);
        assert_eq!(hour.len() as u64, MINUTES);
        let counts: Vec<_> = hour.iter().rev().take(3).map(|minute| minute.authenticated).collect();
        assert_eq!(counts, [1, 5, 0]);
        rates.take(totals(6), 6_100 + 3660);
        assert!(rates.hour(6_100 + 3660).iter().all(|minute| *minute == Totals::default()));
    }
}
