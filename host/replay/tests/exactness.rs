//! One pair, one first use, on every database: in parallel, in several stores, in any order, and after a restart.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(any(feature = "_sql", feature = "_server"))]

mod common;

use std::{collections::BTreeSet, sync::Arc};

use common::{NOW, databases::Database, used};
use dropins_replay::{JtiStore, MAX_BYTES, ReplaySettings};
use dropins_services::{Attempt, Attempted, FixedClock, Memory, ReplayStore, Use};

/// One test for each case and database.
macro_rules! on {
    ($database:ident: $($case:ident)*) => {
        mod $database {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                if let Some(database) = crate::common::databases::$database() {
                    crate::$case(&database).await;
                }
            })*
        }
    };
}

macro_rules! on_every_database {
    ($($cases:ident)*) => {
        #[cfg(feature = "sqlite")]
        on!(sqlite: $($cases)*);
        #[cfg(feature = "postgres")]
        on!(postgres: $($cases)*);
        #[cfg(feature = "mysql")]
        on!(mysql: $($cases)*);
        #[cfg(feature = "redis")]
        on!(redis: $($cases)*);
    };
}

on_every_database! {
    exactly_one_of_many_parallel_uses_is_the_first_and_none_after_a_restart
    two_clients_may_use_the_same_jti
    two_stores_share_their_pairs_whatever_their_order
    stores_that_take_over_expired_pairs_together_have_one_first_each
    a_pair_is_taken_to_the_last_millisecond_before_its_expiry
    uses_in_one_batch_are_judged_by_their_own_times
    nodes_two_minutes_apart_agree
    a_replay_with_a_later_expiry_does_not_prolong_the_memory_of_the_first
    a_failed_request_may_be_repeated_on_its_own_node_until_the_row_is_anothers
    a_peek_consumes_nothing
    names_are_compared_byte_by_byte
    names_of_the_greatest_length_and_times_of_the_greatest_range_are_kept
    a_use_that_cannot_be_remembered_is_rejected
    a_purge_is_bounded_and_keeps_what_another_node_may_still_need
    stores_that_open_together_make_one_table
}

/// Remembers all of these at the same time, each use in its own task, and counts the first uses.
async fn firsts(stores: &[Arc<JtiStore>], uses: impl IntoIterator<Item = Use>) -> usize {
    let tasks: Vec<_> = uses
        .into_iter()
        .zip(stores.iter().cycle().cloned())
        .map(|(used, store)| tokio::spawn(async move { store.remember(used).await.unwrap() }))
        .collect();
    let mut firsts = 0;
    for task in tasks {
        firsts += usize::from(task.await.unwrap() == Memory::First);
    }
    firsts
}

async fn exactly_one_of_many_parallel_uses_is_the_first_and_none_after_a_restart(database: &Database) {
    for parallel in [50, 500] {
        for cached in [false, true] {
            let jti = format!("{parallel} {cached}");
            let uses = || (0..parallel).map(|_| Use { cached, ..used("c", &jti) });
            let stores = [database.open(), database.open(), database.open()];
            assert_eq!(firsts(&stores, uses()).await, 1);
            let answered: u64 = stores.iter().map(|store| store.stats().first + store.stats().seen).sum();
            assert_eq!(answered, parallel);
            for store in stores {
                store.close().await.unwrap();
            }
            assert_eq!(firsts(&[database.open()], uses()).await, 0);
        }
    }
}

async fn two_clients_may_use_the_same_jti(database: &Database) {
    let store = database.open();
    assert_eq!(store.remember(used("a", "same")).await, Ok(Memory::First));
    assert_eq!(store.remember(used("b", "same")).await, Ok(Memory::First));
    assert_eq!(store.remember(used("a", "same")).await, Ok(Memory::Seen));
}

async fn two_stores_share_their_pairs_whatever_their_order(database: &Database) {
    let stores = [database.open(), database.open()];
    let pairs = 300;
    for round in 0..4 {
        // The second store meets the pairs in the opposite order.
        let uses = (0..pairs).flat_map(|n| [n, pairs - 1 - n]).map(|n| used("c", format!("{round} {n}")));
        assert_eq!(firsts(&stores, uses).await, pairs);
    }
    assert_eq!(stores[0].rows().await, Ok(4 * pairs as u64));
}

async fn stores_that_take_over_expired_pairs_together_have_one_first_each(database: &Database) {
    let stores = [database.open(), database.open(), database.open()];
    let pairs = 100;
    for round in 0..6 {
        // In each round the pairs of the last one have expired; half of this round's pairs are new.
        let now = (NOW + 60 * round) * 1000;
        let at = |n: u64| Use { now, expires_at: NOW + 60 * (round + 1), ..used("c", n) };
        let begin = round * pairs / 2;
        let uses = (0..pairs).flat_map(|n| [n, pairs - 1 - n, (n * 37) % pairs]).map(|n| at(begin + n));
        assert_eq!(firsts(&stores, uses).await as u64, pairs, "round {round}");
    }
}

async fn a_pair_is_taken_to_the_last_millisecond_before_its_expiry(database: &Database) {
    for cached in [false, true] {
        let store = database.open();
        let at = |now| Use { now, expires_at: NOW + 100, cached, ..used("c", cached) };
        assert_eq!(store.remember(Use { expires_at: NOW + 60, ..at(NOW * 1000) }).await, Ok(Memory::First));
        assert_eq!(store.remember(at((NOW + 60) * 1000 - 1)).await, Ok(Memory::Seen));
        assert_eq!(store.peek(at((NOW + 60) * 1000 - 1)).await, Ok(Memory::Seen));
        assert_eq!(store.peek(at((NOW + 60) * 1000)).await, Ok(Memory::First));
        assert_eq!(store.remember(at((NOW + 60) * 1000)).await, Ok(Memory::First));
        assert_eq!(store.remember(at((NOW + 60) * 1000)).await, Ok(Memory::Seen));
    }
}

async fn uses_in_one_batch_are_judged_by_their_own_times(database: &Database) {
    let store = database.open();
    let pairs = 60;
    let first = |n| Use { expires_at: NOW + 10 + n, ..used("c", n) };
    assert_eq!(firsts(&[Arc::clone(&store)], (0..pairs).map(first)).await as u64, pairs);
    // Every second pair is asked for in its last second, every other one in the next.
    let again = |n| Use { now: (NOW + 10 + n - n % 2) * 1000, expires_at: NOW + 500, ..used("c", n) };
    assert_eq!(firsts(&[store], (0..pairs).map(again)).await as u64, pairs / 2);
}

async fn nodes_two_minutes_apart_agree(database: &Database) {
    let (ahead, behind) = (database.open(), database.open());
    // The same moment, as two nodes see it.
    let seen_ahead = |second: u64, expires_at| Use { now: (second + 120) * 1000, expires_at, ..used("c", "j") };
    let seen_behind = |second: u64, expires_at| Use { now: second * 1000, expires_at, ..used("c", "j") };
    assert_eq!(ahead.remember(seen_ahead(NOW, NOW + 300)).await, Ok(Memory::First));
    assert_eq!(behind.remember(seen_behind(NOW, NOW + 300)).await, Ok(Memory::Seen));
    assert_eq!(behind.remember(seen_behind(NOW + 299, NOW + 900)).await, Ok(Memory::Seen));
    // For the node ahead it expires two minutes earlier: then its new expiry holds for both.
    assert_eq!(ahead.remember(seen_ahead(NOW + 179, NOW + 900)).await, Ok(Memory::Seen));
    assert_eq!(ahead.remember(seen_ahead(NOW + 180, NOW + 900)).await, Ok(Memory::First));
    assert_eq!(behind.remember(seen_behind(NOW + 180, NOW + 900)).await, Ok(Memory::Seen));
    assert_eq!(behind.remember(seen_behind(NOW + 899, NOW + 999)).await, Ok(Memory::Seen));
    assert_eq!(behind.remember(seen_behind(NOW + 900, NOW + 999)).await, Ok(Memory::First));

    // A purge by the node ahead forgets nothing that the node behind still needs.
    let clock = Arc::new(FixedClock::at((NOW + 998 + 120) * 1000));
    let purging = JtiStore::open(&database.settings, clock).unwrap();
    purging.purger().purge_all().await.unwrap();
    assert_eq!(behind.remember(seen_behind(NOW + 998, NOW + 1500)).await, Ok(Memory::Seen));
}

async fn a_replay_with_a_later_expiry_does_not_prolong_the_memory_of_the_first(database: &Database) {
    let store = database.open();
    let at = |now: u64, expires_at| Use { now: now * 1000, expires_at, cached: true, ..used("c", "j") };
    // A second store, so that the first one learns of the pair from the database and not from its own cache.
    assert_eq!(database.open().remember(at(NOW, NOW + 60)).await, Ok(Memory::First));
    assert_eq!(store.remember(at(NOW + 59, NOW + 500)).await, Ok(Memory::Seen));
    assert_eq!(store.remember(at(NOW + 60, NOW + 500)).await, Ok(Memory::First));
}

async fn a_failed_request_may_be_repeated_on_its_own_node_until_the_row_is_anothers(database: &Database) {
    let (store, other) = (database.open(), database.open());
    let attempt = Some(Attempt { digest: [7; 32], window: std::time::Duration::from_secs(300) });
    let at = |second: u64, expires_at| Use { now: second * 1000, expires_at, attempt, ..used("c", "j") };
    let fails = |used| store.forgive(Attempted { used, first: true });
    assert_eq!(store.remember(at(NOW, NOW + 60)).await, Ok(Memory::First));
    fails(at(NOW, NOW + 60));
    assert_eq!(other.remember(at(NOW, NOW + 60)).await, Ok(Memory::Seen));
    assert_eq!(firsts(&[Arc::clone(&store)], (0..50).map(|_| at(NOW, NOW + 60))).await, 1);
    fails(at(NOW, NOW + 60));
    // For a node that is ahead the pair has expired.
    assert_eq!(other.remember(at(NOW + 60, NOW + 120)).await, Ok(Memory::First));
    assert_eq!(store.remember(at(NOW, NOW + 60)).await, Ok(Memory::Seen));
}

async fn a_peek_consumes_nothing(database: &Database) {
    let store = database.open();
    for cached in [true, false, true] {
        assert_eq!(store.peek(Use { cached, ..used("c", "j") }).await, Ok(Memory::First));
    }
    assert_eq!(store.remember(used("c", "j")).await, Ok(Memory::First));
    assert_eq!(store.peek(used("c", "j")).await, Ok(Memory::Seen));
}

async fn names_are_compared_byte_by_byte(database: &Database) {
    let store = database.open();
    let names = [
        "a",
        "A",
        "a ",
        " a",
        "ä",
        "a\u{308}",
        "a\0",
        "a\0b",
        "a\u{F8FF}0",
        "a\u{F8FF}",
        "'",
        "\\",
        "a\\0",
        "1:a",
        "ａ",
    ];
    let uses = || names.into_iter().flat_map(|a| names.map(|b| used(a, b)));
    let pairs: BTreeSet<_> = uses().map(|used| (used.client_id, used.jti)).collect();
    assert_eq!(firsts(&[Arc::clone(&store)], uses()).await, pairs.len());
    assert_eq!(firsts(&[store], uses()).await, 0);
}

async fn names_of_the_greatest_length_and_times_of_the_greatest_range_are_kept(database: &Database) {
    let store = database.open();
    for text in ["x", "é", "\0", "\u{F8FF}", "\u{10FFFF}"] {
        let long = text.repeat(MAX_BYTES / text.len());
        assert_eq!(store.remember(used(&long, &long)).await, Ok(Memory::First), "{text:?}");
        assert_eq!(store.remember(used(&long, &long)).await, Ok(Memory::Seen), "{text:?}");
    }
    let far = (1 << 53) - 1;
    let at = |now: u64, expires_at| Use { now: now * 1000, expires_at, issued_at: Some(0), ..used("c", "far") };
    assert_eq!(store.remember(at(0, far)).await, Ok(Memory::First));
    assert_eq!(store.remember(at(far - 1, far)).await, Ok(Memory::Seen));
}

async fn a_use_that_cannot_be_remembered_is_rejected(database: &Database) {
    let store = database.open();
    for bad in [
        Use { expires_at: NOW, ..used("c", "over") },
        used("c", "x".repeat(MAX_BYTES + 1)),
        used(&"x".repeat(MAX_BYTES + 1), "j"),
    ] {
        assert!(store.remember(bad.clone()).await.is_err());
        assert!(store.peek(bad).await.is_err());
    }
    assert_eq!(store.remember(used("c", "over")).await, Ok(Memory::First));
}

async fn a_purge_is_bounded_and_keeps_what_another_node_may_still_need(database: &Database) {
    if database.forgets_by_itself {
        return;
    }
    let clock = Arc::new(FixedClock::at(NOW * 1000));
    let settings = ReplaySettings { purge_batch: 10, ..database.settings.clone() };
    let store = JtiStore::open(&settings, clock.clone()).unwrap();
    for n in 0..25 {
        store.remember(used("c", n)).await.unwrap();
    }
    store.remember(Use { expires_at: NOW + 61, ..used("c", "later") }).await.unwrap();
    let margin = settings.purge_margin.as_secs();
    clock.set((NOW + 60 + margin) * 1000 - 1);
    assert_eq!(store.purger().purge_once().await, Ok(0));
    clock.set((NOW + 60 + margin) * 1000);
    assert_eq!(store.purger().purge_once().await, Ok(10));
    assert_eq!(store.purger().purge_all().await, Ok(15));
    let size = store.size().await.unwrap();
    assert_eq!(size.rows, 1);
    assert!(size.bytes > 0);
    let stats = store.stats();
    assert_eq!((stats.purged, stats.last_purge), (25, Some((NOW + 60 + margin) * 1000)));
}

async fn stores_that_open_together_make_one_table(database: &Database) {
    assert!(database.server.is_some() || !dropins_replay::plan(&database.settings).unwrap().is_empty());
    let stores: Vec<_> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| database.open())).collect();
        opening.into_iter().map(|store| store.join().unwrap()).collect()
    });
    assert_eq!(dropins_replay::plan(&database.settings).unwrap(), Vec::<String>::new());
    let uses = (0..50).flat_map(|n| (0..stores.len()).map(move |_| used("c", n)));
    assert_eq!(firsts(&stores, uses).await, 50);
    for store in stores {
        store.healthy().await.unwrap();
        assert_eq!(store.rows().await, Ok(50));
    }
}
