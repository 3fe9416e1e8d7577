//! One pair, one first use: in parallel, in two stores, after a restart, and whatever the cache holds.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;

use common::{NOW, open, used};
use dropins_host::services::{FixedClock, ReplayStore, Use, Verdict};
use dropins_replay::{JtiStore, MAX_BYTES, MemoryStore};

/// Remembers all of these at the same time, each use in its own task, and counts the first uses.
async fn firsts(stores: &[Arc<JtiStore>], uses: impl IntoIterator<Item = Use>) -> usize {
    let tasks: Vec<_> = uses
        .into_iter()
        .zip(stores.iter().cycle().cloned())
        .map(|(used, store)| tokio::spawn(async move { store.remember(used).await.unwrap() }))
        .collect();
    let mut firsts = 0;
    for task in tasks {
        firsts += usize::from(task.await.unwrap() == Verdict::First);
    }
    firsts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_one_of_many_parallel_uses_is_the_first_and_none_after_a_restart() {
    for parallel in [50, 500] {
        for cached in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let uses = || (0..parallel).map(|_| Use { cached, ..used("c", "one") });
            let store = open(folder.path());
            assert_eq!(firsts(&[Arc::clone(&store)], uses()).await, 1);
            assert_eq!(store.stats().first + store.stats().seen, parallel);
            store.close().await.unwrap();
            assert_eq!(firsts(&[open(folder.path())], uses()).await, 0);
        }
    }
}

#[tokio::test]
async fn two_clients_may_use_the_same_jti() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.remember(used("a", "same")).await, Ok(Verdict::First));
    assert_eq!(store.remember(used("b", "same")).await, Ok(Verdict::First));
    assert_eq!(store.remember(used("a", "same")).await, Ok(Verdict::Seen));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_file_share_its_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [open(folder.path()), open(folder.path())];
    let pairs = 300;
    // The second store meets the pairs in the opposite order.
    let uses = (0..pairs).flat_map(|n| [used("c", n), used("c", pairs - 1 - n)]);
    assert_eq!(firsts(&stores, uses).await, pairs);
    assert_eq!(stores[0].rows().await, Ok(pairs as u64));
}

#[tokio::test]
async fn a_pair_is_taken_to_the_last_millisecond_before_its_expiry() {
    let folder = tempfile::tempdir().unwrap();
    for cached in [false, true] {
        let store = open(folder.path());
        let at = |now| Use { now, expires_at: NOW + 100, cached, ..used("c", cached) };
        assert_eq!(store.remember(Use { expires_at: NOW + 60, ..at(NOW * 1000) }).await, Ok(Verdict::First));
        assert_eq!(store.remember(at((NOW + 60) * 1000 - 1)).await, Ok(Verdict::Seen));
        assert_eq!(store.peek(at((NOW + 60) * 1000 - 1)).await, Ok(Verdict::Seen));
        assert_eq!(store.peek(at((NOW + 60) * 1000)).await, Ok(Verdict::First));
        assert_eq!(store.remember(at((NOW + 60) * 1000)).await, Ok(Verdict::First));
        assert_eq!(store.remember(at((NOW + 60) * 1000)).await, Ok(Verdict::Seen));
    }
}

#[tokio::test]
async fn a_replay_with_a_later_expiry_does_not_prolong_the_memory_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let at = |now: u64, expires_at| Use { now: now * 1000, expires_at, cached: true, ..used("c", "j") };
    // A second store, so that the first one learns of the pair from the file and not from its own cache.
    assert_eq!(open(folder.path()).remember(at(NOW, NOW + 60)).await, Ok(Verdict::First));
    assert_eq!(store.remember(at(NOW + 59, NOW + 500)).await, Ok(Verdict::Seen));
    assert_eq!(store.remember(at(NOW + 60, NOW + 500)).await, Ok(Verdict::First));
}

#[tokio::test]
async fn a_peek_consumes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for cached in [true, false, true] {
        assert_eq!(store.peek(Use { cached, ..used("c", "j") }).await, Ok(Verdict::First));
    }
    assert_eq!(store.remember(used("c", "j")).await, Ok(Verdict::First));
    assert_eq!(store.peek(used("c", "j")).await, Ok(Verdict::Seen));
}

#[tokio::test]
async fn the_cache_answers_replays_only_and_only_where_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let cached = |jti| Use { cached: true, ..used("c", jti) };
    assert_eq!(store.remember(cached("a")).await, Ok(Verdict::First));
    assert_eq!(store.remember(cached("a")).await, Ok(Verdict::Seen));
    assert_eq!(store.remember(used("c", "a")).await, Ok(Verdict::Seen));
    let stats = store.stats();
    assert_eq!((stats.cache_hits, stats.cache_misses), (1, 1));
    assert_eq!((stats.batches, stats.batched, stats.first, stats.seen), (2, 2, 1, 2));

    // With the store closed, what is not a replay in the cache is unavailable: the cache never says "first".
    store.close().await.unwrap();
    assert_eq!(store.remember(cached("a")).await, Ok(Verdict::Seen));
    assert!(store.remember(used("c", "a")).await.is_err());
    assert!(store.remember(cached("b")).await.is_err());
    assert_eq!(store.stats().unavailable, 2);
}

#[tokio::test]
async fn a_use_that_cannot_be_remembered_is_refused_by_every_store() {
    let folder = tempfile::tempdir().unwrap();
    let stores: [Arc<dyn ReplayStore>; 2] = [open(folder.path()), Arc::new(MemoryStore::new())];
    for store in stores {
        for bad in [
            Use { expires_at: NOW, ..used("c", "over") },
            used("c", "x".repeat(MAX_BYTES + 1)),
            used(&"x".repeat(MAX_BYTES + 1), "j"),
        ] {
            assert!(store.remember(bad.clone()).await.is_err());
            assert!(store.peek(bad).await.is_err());
        }
        assert_eq!(store.remember(used("c", "x".repeat(MAX_BYTES))).await, Ok(Verdict::First));
    }
}

#[tokio::test]
async fn a_purge_is_bounded_and_keeps_what_another_node_may_still_need() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at(NOW * 1000));
    let mut settings = common::settings(folder.path());
    settings.purge_batch = 10;
    let store = JtiStore::open(&settings, clock.clone()).unwrap();
    for n in 0..25 {
        store.remember(used("c", n)).await.unwrap();
    }
    let margin = settings.purge_margin.as_secs();
    clock.set((NOW + 60 + margin) * 1000 - 1);
    assert_eq!(store.purger().purge_once().await, Ok(0));
    clock.set((NOW + 60 + margin) * 1000);
    assert_eq!(store.purger().purge_once().await, Ok(10));
    assert_eq!(store.purger().purge_all().await, Ok(15));
    assert_eq!(store.rows().await, Ok(0));
    let stats = store.stats();
    assert_eq!((stats.purged, stats.last_purge), (25, Some(clock_now(&clock))));
}

fn clock_now(clock: &FixedClock) -> u64 {
    dropins_host::services::Clock::now(clock)
}

#[tokio::test]
async fn a_background_purge_works_at_its_interval_until_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at((NOW + 3600) * 1000));
    let mut settings = common::settings(folder.path());
    settings.purge_interval = std::time::Duration::from_millis(1);
    settings.purge_batch = 10;
    let store = JtiStore::open(&settings, clock).unwrap();
    for n in 0..25 {
        store.remember(used("c", n)).await.unwrap();
    }
    let task = store.purger().spawn();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while store.stats().purged < 25 {
        assert!(std::time::Instant::now() < deadline, "{:?}", store.stats());
        tokio::task::yield_now().await;
    }
    drop(task);
    assert_eq!(store.rows().await, Ok(0));
}

#[tokio::test]
async fn closing_decides_what_waits_and_refuses_what_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let waiting: Vec<_> = (0..100)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.remember(used("c", n)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await.unwrap();
    for task in waiting {
        assert_eq!(task.await.unwrap(), Ok(Verdict::First));
    }
    assert!(store.remember(used("c", "late")).await.is_err());
    assert!(store.healthy().await.is_err());
    assert!(store.close().await.is_err());
}
