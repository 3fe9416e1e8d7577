//! When refused contents are tried again although they have not changed.
//!
//! Only for a transient cause: a deadline on a busy machine, a missing file or database. The wait doubles from five seconds to five minutes.

/// The first wait, and the longest one, in seconds.
const FIRST: u64 = 5;
const LONGEST: u64 = 300;

/// The next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retry {
    /// Seconds since the Unix epoch.
    at: u64,
    wait: u64,
}

impl Retry {
    /// The first one, after a refusal at this time.
    pub(super) fn first(now: u64) -> Self {
        Self::after(FIRST, now)
    }

    /// The one after this one, which was refused again.
    pub(super) fn next(self, now: u64) -> Self {
        Self::after(self.wait.saturating_mul(2).min(LONGEST), now)
    }

    fn after(wait: u64, now: u64) -> Self {
        Self { at: now.saturating_add(wait), wait }
    }

    /// Seconds since the Unix epoch.
    pub(super) fn at(self) -> u64 {
        self.at
    }

    /// Whether it is time. A clock that was set back must not put it off.
    pub(super) fn is_due(self, now: u64) -> bool {
        now >= self.at || now < self.at.saturating_sub(self.wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_five_seconds_to_five_minutes() {
        let mut retry = Retry::first(1_000);
        for wait in [5, 10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(retry.at(), 1_000 + wait);
            retry = retry.next(1_000);
        }
    }

    #[test]
    fn it_is_due_at_its_time_and_when_the_clock_was_set_back() {
        let retry = Retry::first(1_000);
        assert!(!retry.is_due(1_000) && !retry.is_due(1_004));
        assert!(retry.is_due(1_005) && retry.is_due(999));
    }
}
