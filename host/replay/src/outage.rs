//! Failures in the log: one line for a cause when it comes up, then at most one each ten seconds, with what it has cost.
//!
//! A full disk fails every request: a line for each would fill what is left of it.

use std::time::{Duration, Instant};

/// The time between two lines of one cause.
const PAUSE: Duration = Duration::from_secs(10);
/// Causes that are told apart; the oldest is forgotten.
const CAUSES: usize = 8;

/// What was logged of which cause.
#[derive(Default)]
pub(crate) struct Outages(Vec<Cause>);

struct Cause {
    text: String,
    logged: Instant,
    /// Uses that were rejected since.
    uses: usize,
}

impl Outages {
    /// The number of uses for a line about this cause now; none while it is too early for one.
    pub(crate) fn failed(&mut self, cause: &str, uses: usize, now: Instant) -> Option<usize> {
        let Some(known) = self.0.iter_mut().find(|known| known.text == cause) else {
            if self.0.len() == CAUSES {
                self.0.remove(0);
            }
            self.0.push(Cause { text: cause.to_owned(), logged: now, uses: 0 });
            return Some(uses);
        };
        known.uses = known.uses.saturating_add(uses);
        if now.saturating_duration_since(known.logged) < PAUSE {
            return None;
        }
        known.logged = now;
        Some(std::mem::take(&mut known.uses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_logged_at_once_and_then_each_ten_seconds_with_its_uses() {
        let (mut outages, began) = (Outages::default(), Instant::now());
        let mut failed = |cause: &str, after: u64| outages.failed(cause, 2, began + Duration::from_millis(after));
        assert_eq!(failed("disk full", 0), Some(2));
        for after in (100..10_000).step_by(100) {
            assert_eq!(failed("disk full", after), None, "{after}");
        }
        assert_eq!(failed("no connection", 9_950), Some(2), "another cause");
        assert_eq!(failed("disk full", 10_000), Some(200));
        assert_eq!(failed("disk full", 10_001), None);
    }

    #[test]
    fn the_causes_are_bounded() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        for number in 0..100 {
            assert_eq!(outages.failed(&number.to_string(), 1, now), Some(1));
        }
        assert_eq!(outages.0.len(), CAUSES);
    }
}
