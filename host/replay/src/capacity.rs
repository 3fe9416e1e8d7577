//! How large a store becomes: a pair stays for the lifetime of its assertion and then until it is purged.

use std::time::Duration;

use crate::settings::ReplaySettings;

/// What one pair takes with its indexes, in bytes: measured with ids of 30 and a `jti` of 36 characters on every
/// database, and rounded up.
pub const BYTES_PER_PAIR: u64 = 400;

/// A rate of decisions, and how long each is remembered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// First uses per second, on all nodes.
    pub per_second: f64,
    /// From the use to its expiry: the largest lifetime of an assertion and the clock skew.
    pub lifetime: Duration,
}

impl Capacity {
    /// How many pairs the store holds at this rate, expired ones that wait for their purge included.
    pub fn pairs(&self, settings: &ReplaySettings) -> u64 {
        let kept = self.lifetime + settings.purge_margin + settings.purge_interval;
        // A negative or absurd rate saturates.
        (self.per_second * kept.as_secs_f64()).ceil() as u64
    }

    /// A sentence when the pairs outgrow this size in bytes.
    pub fn warning(&self, settings: &ReplaySettings, size: u64) -> Option<String> {
        let pairs = self.pairs(settings);
        let needed = pairs.saturating_mul(BYTES_PER_PAIR);
        (needed > size).then(|| {
            let Self { per_second, lifetime } = self;
            format!(
                "{per_second} assertions a second, remembered for {} s each, are {pairs} rows of IDN_OIDC_JTI and about \
                 {needed} bytes, more than the stated {size}; shorten MaxLifetimeInMinutes, or make room",
                lifetime.as_secs()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Location;

    #[test]
    fn a_warning_is_due_when_rate_times_lifetime_outgrows_the_size() {
        let settings = ReplaySettings::new(Location::Memory);
        let capacity = Capacity { per_second: 100.0, lifetime: Duration::from_secs(3630) };
        let pairs = 100 * (3630 + 300 + 60);
        assert_eq!(capacity.pairs(&settings), pairs);
        assert_eq!(capacity.warning(&settings, pairs * BYTES_PER_PAIR), None);
        let warning = capacity.warning(&settings, pairs * BYTES_PER_PAIR - 1).unwrap();
        assert!(warning.contains("399000 rows") && warning.contains("159600000 bytes"), "{warning}");
    }

    #[test]
    fn an_absurd_rate_saturates() {
        let settings = ReplaySettings::new(Location::Memory);
        for (per_second, warns) in [(-1.0, false), (f64::NAN, false), (f64::INFINITY, true)] {
            let capacity = Capacity { per_second, lifetime: Duration::from_secs(1) };
            assert_eq!(capacity.warning(&settings, 1 << 40).is_some(), warns, "{per_second}");
        }
    }
}
