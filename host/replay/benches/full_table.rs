//! What a large table costs on SQLite: the decision beside that on an empty one, and the purge beside none, in one run.
//!
//! `DROPINS_BENCH_ROWS` (default 1 000 000) live rows, a tenth more that are over, and 64 callers.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use common::{NOW, databases, used};
use dropins_host::services::{FixedClock, ReplayStore, Use, Verdict};
use dropins_replay::{JtiStore, Location, ReplaySettings};

const CALLERS: u64 = 64;
const DECISIONS: u64 = 60_000;

fn jti(n: u64) -> String {
    format!("{:032x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// How long each decision took, sorted, and all of them together.
async fn latencies(store: &Arc<JtiStore>, next: &Arc<AtomicU64>) -> (Vec<Duration>, Duration) {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (store, next) = (Arc::clone(store), Arc::clone(next));
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for _ in 0..DECISIONS / CALLERS {
                    let used = Use { expires_at: NOW + 3600, ..used("c", jti(next.fetch_add(1, Relaxed))) };
                    let begun = Instant::now();
                    assert_eq!(store.remember(used).await, Ok(Verdict::First));
                    taken.push(begun.elapsed());
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.append(&mut task.await.unwrap());
    }
    taken.sort();
    (taken, begun.elapsed())
}

fn report(what: &str, (taken, total): &(Vec<Duration>, Duration)) -> f64 {
    let rate = taken.len() as f64 / total.as_secs_f64();
    let at = |share: usize| taken.get(taken.len() * share / 1000).copied().unwrap_or_default();
    println!("{what:32} {rate:8.0} a second, p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
    rate
}

fn fill(settings: &ReplaySettings, live: u64) {
    let Location::Sqlite(path) = &settings.location else { unreachable!() };
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update(None, "cache_size", -1_000_000).unwrap();
    let transaction = connection.transaction().unwrap();
    let mut keys: Vec<(String, u64)> = (0..live).map(|n| (jti(u64::MAX / 2 + n), NOW + 600 + n % 3600)).collect();
    keys.extend((0..live / 10).map(|n| (jti(u64::MAX / 4 + n), NOW - 4000 + n % 600)));
    keys.sort();
    let insert = "INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED) VALUES ('c', ?1, -1234, ?2, 0)";
    let mut statement = transaction.prepare(insert).unwrap();
    for (jti, expiry) in &keys {
        statement.execute((jti, *expiry as i64)).unwrap();
    }
    drop(statement);
    transaction.commit().unwrap();
}

fn main() {
    // `cargo test --benches` runs this too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rows = std::env::var("DROPINS_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (empty, full) = (databases::sqlite().unwrap(), databases::sqlite().unwrap());
    full.open();
    fill(&full.settings, rows);
    println!("{rows} live rows, {} over", rows / 10);
    let next = Arc::new(AtomicU64::new(0));
    let (small, large) = (empty.open(), full.open());
    let mut rates = (0.0, 0.0);
    for _ in 0..3 {
        rates.0 += report("empty table", &runtime.block_on(latencies(&small, &next)));
        rates.1 += report("full table", &runtime.block_on(latencies(&large, &next)));
    }
    println!("a decision on the full table takes {:.2} times as long as on the empty one", rates.0 / rates.1);

    // A store that purges while it decides.
    let purging = ReplaySettings { purge_interval: Duration::from_millis(1), ..full.settings.clone() };
    let purging = Arc::new(JtiStore::open(&purging, Arc::new(FixedClock::at(NOW * 1000))).unwrap());
    report("full table, no purge", &runtime.block_on(latencies(&purging, &next)));
    let task = {
        let _guard = runtime.enter();
        purging.purger().spawn()
    };
    report("full table, purging", &runtime.block_on(latencies(&purging, &next)));
    println!("{} rows purged meanwhile", purging.stats().purged);
    drop(task);
}
