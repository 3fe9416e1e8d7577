//! The cache `PrivateKeyJWT`: pairs that are known to be taken, so that a replay costs no database access.
//!
//! It may say that a pair is taken, and never that it is free: only pairs that a commit has settled enter it, with
//! the time until which the commit holds, and an entry counts only while that time is after the decision's own `now`.
//! The oldest entries make room for new ones.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::{entry::Key, settings::ReplaySettings};

/// Expired entries that a new one removes: more than one, so that they become fewer, and few, so that no caller waits.
const REMOVED: usize = 2;

/// Pairs that are known to be taken.
#[derive(Debug)]
pub struct JtiCache(Mutex<Pairs>);

/// The pairs, and what their number and age are limited to.
#[derive(Debug)]
struct Pairs {
    timeout: Duration,
    capacity: u64,
    taken: HashMap<Arc<Key>, Claim>,
    /// A place for each time that a pair was noted, the oldest first.
    order: VecDeque<(Instant, Arc<Key>)>,
}

#[derive(Debug)]
struct Claim {
    until: u64,
    noted: Instant,
}

impl Pairs {
    fn new(timeout: Duration, capacity: u64) -> Self {
        Self { timeout, capacity, taken: HashMap::new(), order: VecDeque::new() }
    }

    fn knows(&self, key: &Key, now: u64, at: Instant) -> bool {
        self.taken.get(key).is_some_and(|taken| taken.until > now && !self.is_old(taken.noted, at))
    }

    fn note(&mut self, key: Key, until: u64, at: Instant) {
        let capacity = usize::try_from(self.capacity).unwrap_or(usize::MAX);
        if capacity == 0 || self.timeout.is_zero() {
            return;
        }
        for _ in 0..REMOVED {
            if self.order.front().is_some_and(|(noted, _)| self.is_old(*noted, at)) {
                self.remove_oldest();
            }
        }
        while self.order.len() >= capacity {
            self.remove_oldest();
        }
        let key = Arc::new(key);
        self.order.push_back((at, Arc::clone(&key)));
        self.taken.insert(key, Claim { until, noted: at });
    }

    /// A pair that was noted again since stays.
    fn remove_oldest(&mut self) {
        let Some((noted, key)) = self.order.pop_front() else { return };
        if self.taken.get(&key).is_some_and(|taken| taken.noted == noted) {
            self.taken.remove(&key);
        }
    }

    fn is_old(&self, noted: Instant, at: Instant) -> bool {
        at.saturating_duration_since(noted) >= self.timeout
    }
}

impl JtiCache {
    /// An empty cache with the `cache_timeout` and `cache_capacity` of these settings.
    pub fn new(settings: &ReplaySettings) -> Self {
        Self(Mutex::new(Pairs::new(settings.cache_timeout, settings.cache_capacity)))
    }

    /// Begins again, empty, with another timeout and capacity; the same ones change nothing.
    pub fn resize(&self, timeout: Duration, capacity: u64) {
        let mut current = self.0.lock();
        if (current.timeout, current.capacity) != (timeout, capacity) {
            *current = Pairs::new(timeout, capacity);
        }
    }

    /// Whether the pair is known to be taken at `now` (Unix seconds). `false` means nothing.
    pub fn knows(&self, key: &Key, now: u64) -> bool {
        self.0.lock().knows(key, now, Instant::now())
    }

    /// Notes that a commit holds the pair until this Unix second.
    pub fn note(&self, key: Key, until: u64) {
        self.0.lock().note(key, until, Instant::now());
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
            assert!(!cache.knows(&key("a"), 0), "{settings:?}");
        }
    }

    #[test]
    fn capacity_bounds_the_number_of_pairs() {
        let settings = ReplaySettings { cache_capacity: 10, ..ReplaySettings::new(Location::Memory) };
        let cache = JtiCache::new(&settings);
        (0..1000).for_each(|n| cache.note(key(&n.to_string()), 100));
        let pairs = cache.0.lock();
        assert_eq!((pairs.taken.len(), pairs.order.len()), (10, 10));
    }

    #[test]
    fn of_more_pairs_than_the_capacity_the_latest_are_known() {
        let settings = ReplaySettings { cache_capacity: 2, ..ReplaySettings::new(Location::Memory) };
        let cache = JtiCache::new(&settings);
        for jti in ["a", "b", "a", "c"] {
            cache.note(key(jti), 100);
        }
        assert_eq!(["a", "b", "c"].map(|jti| cache.knows(&key(jti), 99)), [true, false, true]);
    }

    #[test]
    fn a_pair_is_known_for_less_than_the_timeout() {
        let settings = ReplaySettings::new(Location::Memory);
        let cache = JtiCache::new(&settings);
        let (noted, end) = (Instant::now(), settings.cache_timeout);
        cache.0.lock().note(key("a"), 100, noted);
        let knows = |after: Duration| cache.0.lock().knows(&key("a"), 99, noted + after);
        assert!(knows(end - Duration::from_nanos(1)));
        assert!(!knows(end));
        cache.0.lock().note(key("b"), 100, noted + end);
        assert_eq!(cache.0.lock().taken.len(), 1, "the old pair makes room");
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
