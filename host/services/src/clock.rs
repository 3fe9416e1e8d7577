//! The only place that reads the wall clock.
//!
//! Everything else takes a [`Clock`], so that a test can set any instant and a request sees one time.

use std::sync::atomic::{AtomicU64, Ordering};

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now(&self) -> UnixMillis;

    /// Whole seconds since the Unix epoch, rounded down.
    fn now_seconds(&self) -> u64 {
        self.now() / 1000
    }
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    fn now(&self) -> UnixMillis {
        // A clock before 1970 reads as 1970: every assertion is then "not yet valid", which fails closed.
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is set; for tests and for explaining a past decision.
#[derive(Debug, Default)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// A clock that shows this time.
    pub fn at(millis: UnixMillis) -> Self {
        Self(AtomicU64::new(millis))
    }

    /// Sets the clock.
    pub fn set(&self, millis: UnixMillis) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_it_is_set() {
        let clock = FixedClock::at(1_999);
        assert_eq!((clock.now(), clock.now_seconds()), (1_999, 1));
        clock.set(2_000);
        assert_eq!(clock.now_seconds(), 2);
    }

    #[test]
    fn the_system_clock_is_past_the_year_2025() {
        assert!(SystemClock.now_seconds() > 1_750_000_000);
    }
}
