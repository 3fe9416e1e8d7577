//! The cache `PrivateKeyJWT`: pairs that are known to be taken, so that a replay costs no database access.
//!
//! It may say that a pair is taken, and never that it is free: only pairs that a commit has settled enter it, with
//! the time until which the commit holds, and an entry counts only while that time is after the decision's own `now`.

use std::time::Duration;

use parking_lot::RwLock;

use crate::{entry::Key, settings::ReplaySettings};

/// Pairs that are known to be taken.
#[derive(Debug)]
pub struct JtiCache(RwLock<Pairs>);

/// The pairs, and what their number and age are limited to.
#[derive(Debug)]
struct Pairs {
    timeout: Duration,
    capacity: u64,
    taken_until: moka::sync::Cache<Key, u64>,
}

impl Pairs {
    fn new(timeout: Duration, capacity: u64) -> Self {
        let most = if timeout.is_zero() { 0 } else { capacity };
        let taken_until = moka::sync::Cache::builder().max_capacity(most).time_to_live(timeout).build();
        Self { timeout, capacity, taken_until }
    }
}

impl JtiCache {
    /// An empty cache with the `cache_timeout` and `cache_capacity` of these settings.
    pub fn new(settings: &ReplaySettings) -> Self {
        Self(RwLock::new(Pairs::new(settings.cache_timeout, settings.cache_capacity)))
    }

    /// Begins anew, empty, with another timeout and capacity; the same ones change nothing.
    pub fn resize(&self, timeout: Duration, capacity: u64) {
        let mut current = self.0.write();
        if (current.timeout, current.capacity) != (timeout, capacity) {
            *current = Pairs::new(timeout, capacity);
        }
    }

    /// Whether the pair is known to be taken at `now` (Unix seconds). `false` means nothing.
    pub fn knows(&self, key: &Key, now: u64) -> bool {
        self.taken_until().get(key).is_some_and(|until| until > now)
    }

    /// Notes that a commit holds the pair until this Unix second.
    pub fn note(&self, key: Key, until: u64) {
        self.taken_until().insert(key, until);
    }

    fn taken_until(&self) -> moka::sync::Cache<Key, u64> {
        self.0.read().taken_until.clone()
    }
}

#[cfg(test)]
mod tests {
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
            cache.taken_until().run_pending_tasks();
            assert!(!cache.knows(&key("a"), 0), "{settings:?}");
        }
    }

    #[test]
    fn capacity_bounds_the_number_of_pairs() {
        let settings = ReplaySettings { cache_capacity: 10, ..ReplaySettings::new(Location::Memory) };
        let cache = JtiCache::new(&settings);
        (0..1000).for_each(|n| cache.note(key(&n.to_string()), 100));
        cache.taken_until().run_pending_tasks();
        assert!(cache.taken_until().entry_count() <= 10);
    }

    #[test]
    fn another_size_begins_anew_and_the_same_one_keeps_what_is_known() {
        let settings = ReplaySettings::new(Location::Memory);
        let cache = JtiCache::new(&settings);
        cache.note(key("a"), 100);
        cache.resize(settings.cache_timeout, settings.cache_capacity);
        assert!(cache.knows(&key("a"), 99));
        cache.resize(settings.cache_timeout, 7);
        assert!(!cache.knows(&key("a"), 99), "not knowing is always safe");
        cache.note(key("b"), 100);
        assert!(cache.knows(&key("b"), 99));
    }
}
