//! What the replay store holds and does.
//!
//! Read when asked for. A size that is not known is missing, and so is a ratio before the first look-up.

use std::sync::atomic::AtomicU64;

use dropins_replay::{Location, Size, Stats};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::number::{counter, gauge};

/// What the replay store holds and does.
pub fn register(registry: &mut Registry, location: &Location, replay: &Stats, size: Option<Size>) {
    registry.register("replay_store", "Where used assertions are kept", Info::new([("kind", location.kind())]));
    if let Some(Size { rows, bytes }) = size {
        gauge(registry, "replay_rows", "Used assertions in the store, expired ones included", rows);
        gauge(registry, "replay_bytes", "Bytes of the store", bytes);
    }
    gauge(registry, "replay_queue_depth", "Decisions that wait for the replay store", replay.queue_depth);
    gauge(registry, "replay_largest_batch", "Decisions in the largest transaction", replay.largest_batch);
    for (name, help, value) in [
        ("replay_first", "Assertions used for the first time", replay.first),
        ("replay_forgiven", "Retries of failed requests that were forgiven, among the first uses", replay.forgiven),
        ("replay_seen", "Assertions that were used before", replay.seen),
        ("replay_unavailable", "Decisions that the replay store could not give", replay.unavailable),
        ("replay_cache_hits", "Replays that the cache answered", replay.cache_hits),
        ("replay_cache_misses", "Decisions that went on to the store", replay.cache_misses),
        ("replay_batches", "Transactions of the replay store", replay.batches),
        ("replay_batched", "Decisions in these transactions", replay.batched),
        ("replay_purged", "Expired rows that were deleted", replay.purged),
    ] {
        counter(registry, name, help, value);
    }
    let purging: Counter<f64, AtomicU64> = Counter::default();
    purging.inc_by(replay.purge_time.as_secs_f64());
    registry.register("replay_purge_seconds", "Time of the transactions that deleted expired rows", purging);
    if let Some(ratio) = cache_hit_ratio(replay) {
        let hits: Gauge<f64, AtomicU64> = Gauge::default();
        hits.set(ratio);
        registry.register("replay_cache_hit_ratio", "Decisions that the cache answered, of those that asked it", hits);
    }
}

/// The share of the decisions that the cache answered. Returns `None` if none asked it.
pub fn cache_hit_ratio(replay: &Stats) -> Option<f64> {
    let asked = replay.cache_hits + replay.cache_misses;
    // A counter beyond 2^53 would lose its last digits, not more.
    (asked > 0).then(|| replay.cache_hits as f64 / asked as f64)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;

    use super::*;

    #[test]
    fn the_hit_ratio_is_that_of_the_decisions_that_asked_the_cache() {
        let ratio = |cache_hits, cache_misses| cache_hit_ratio(&Stats { cache_hits, cache_misses, ..Stats::default() });
        assert_eq!((ratio(0, 0), ratio(0, 3), ratio(1, 3)), (None, Some(0.0), Some(0.25)));
    }

    #[test]
    fn a_size_that_is_not_known_is_no_metric() {
        let encoded = |size| {
            let mut registry = Registry::with_prefix("dropins");
            let stats = Stats { first: 5, forgiven: 2, ..Stats::default() };
            register(&mut registry, &Location::Memory, &stats, size);
            let mut out = String::new();
            text::encode_registry(&mut out, &registry).unwrap();
            out
        };
        let known = encoded(Some(Size { rows: 3, bytes: 400 }));
        for line in [
            "dropins_replay_store_info{kind=\"memory\"} 1",
            "dropins_replay_rows 3",
            "dropins_replay_bytes 400",
            "dropins_replay_forgiven_total 2",
        ] {
            assert!(known.contains(line), "`{line}` is missing in\n{known}");
        }
        assert!(!encoded(None).contains("replay_rows"));
    }
}
