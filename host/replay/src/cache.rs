//! The cache `PrivateKeyJWT`: pairs that are known to be taken, so that a replay costs no database access.
//!
//! It may say that a pair is taken, and never that it is free: only pairs that a commit has settled enter it, with
//! the time until which the commit holds, and an entry counts only while that time is after the decision's own `now`.

use crate::{entry::Key, settings::ReplaySettings};

/// Pairs that are known to be taken.
#[derive(Debug)]
pub struct JtiCache {
    taken_until: moka::sync::Cache<Key, u64>,
}

impl JtiCache {
    /// An empty cache with the `cache_timeout` and `cache_capacity` of these settings.
    pub fn new(settings: &ReplaySettings) -> Self {
        let capacity = if settings.cache_timeout.is_zero() { 0 } else { settings.cache_capacity };
        let taken_until =
            moka::sync::Cache::builder().max_capacity(capacity).time_to_live(settings.cache_timeout).build();
        Self { taken_until }
    }

    /// Whether the pair is known to be taken at `now` (Unix seconds). `false` means nothing.
    pub fn knows(&self, key: &Key, now: u64) -> bool {
        self.taken_until.get(key).is_some_and(|until| until > now)
    }

    /// Notes that a commit holds the pair until this Unix second.
    pub fn note(&self, key: Key, until: u64) {
        self.taken_until.insert(key, until);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::Location;

    fn key(jti: &str) -> Key {
        Key { client_id: "c".into(), jti: jti.into() }
    }

    #[test]
    fn a_noted_pair_is_known_until_it_expires_and_not_at_that_second() {
        let cache = JtiCache::new(&ReplaySettings::new(Location::Memory));
        cache.note(key("a"), 100);
        assert!(cache.knows(&key("a"), 99));
        assert!(!cache.knows(&key("a"), 100));
        assert!(!cache.knows(&key("b"), 99));
        assert!(!cache.knows(&Key { client_id: "other".into(), jti: "a".into() }, 99));
    }

    #[test]
    fn a_zero_timeout_or_capacity_turns_the_cache_off() {
        let defaults = ReplaySettings::new(Location::Memory);
        for settings in [
            ReplaySettings { cache_timeout: Duration::ZERO, ..defaults.clone() },
            ReplaySettings { cache_capacity: 0, ..defaults },
        ] {
            let cache = JtiCache::new(&settings);
            cache.note(key("a"), 100);
            cache.taken_until.run_pending_tasks();
            assert!(!cache.knows(&key("a"), 0), "{settings:?}");
        }
    }

    #[test]
    fn capacity_bounds_the_number_of_pairs() {
        let settings = ReplaySettings { cache_capacity: 10, ..ReplaySettings::new(Location::Memory) };
        let cache = JtiCache::new(&settings);
        (0..1000).for_each(|n| cache.note(key(&n.to_string()), 100));
        cache.taken_until.run_pending_tasks();
        assert!(cache.taken_until.entry_count() <= 10);
    }
}
