//! What surrounds the decision: the cache before it, the purge after it, and the orderly end.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use common::{NOW, open, used};
use dropins_replay::JtiStore;
use dropins_services::{FixedClock, Memory, ReplayStore, Use};

#[tokio::test]
async fn the_cache_answers_replays_only_and_only_where_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let cached = |jti| Use { cached: true, ..used("c", jti) };
    assert_eq!(store.remember(cached("a")).await, Ok(Memory::First));
    assert_eq!(store.remember(cached("a")).await, Ok(Memory::Seen));
    assert_eq!(store.remember(used("c", "a")).await, Ok(Memory::Seen));
    let stats = store.stats();
    assert_eq!((stats.cache_hits, stats.cache_misses), (1, 1));
    assert_eq!((stats.batches, stats.batched, stats.first, stats.seen), (2, 2, 1, 2));

    // With the store closed, what is not a replay in the cache is unavailable: the cache never says "first".
    store.close().await.unwrap();
    assert_eq!(store.remember(cached("a")).await, Ok(Memory::Seen));
    assert!(store.remember(used("c", "a")).await.is_err());
    assert!(store.remember(cached("b")).await.is_err());
    assert_eq!(store.stats().unavailable, 2);
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
    let (store, asked) = (open(folder.path()), Arc::new(AtomicUsize::new(0)));
    let waiting: Vec<_> = (0..100)
        .map(|n| {
            let (store, asked) = (Arc::clone(&store), Arc::clone(&asked));
            tokio::spawn(async move {
                asked.fetch_add(1, SeqCst);
                store.remember(used("c", n)).await
            })
        })
        .collect();
    // The runtime has one thread, so a task that counted itself has asked; it polls some sixty before this one again.
    while asked.load(SeqCst) < waiting.len() {
        tokio::task::yield_now().await;
    }
    store.close().await.unwrap();
    for task in waiting {
        assert_eq!(task.await.unwrap(), Ok(Memory::First));
    }
    assert!(store.remember(used("c", "late")).await.is_err());
    assert!(store.healthy().await.is_err());
    assert!(store.close().await.is_err());
}
