//! Durable decisions per second on SQLite, by the number of callers that ask at the same time.
//!
//! Every decision is the first use of its pair, so each is a row in a committed transaction with `synchronous=FULL`.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]
#![allow(missing_docs, reason = "the macros of criterion make public items")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dropins_host::services::{FixedClock, ReplayStore, Use, Verdict};
use dropins_replay::{JtiStore, Location, ReplaySettings};

const NOW: u64 = 1_800_000_000;

/// Has `callers` tasks decide `decisions` fresh pairs and tells how long all of them took.
async fn decide(store: &Arc<JtiStore>, next: &Arc<AtomicU64>, callers: u64, decisions: u64) -> Duration {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (store, next) = (Arc::clone(store), Arc::clone(next));
            let share = decisions / callers + u64::from(caller < decisions % callers);
            tokio::spawn(async move {
                for _ in 0..share {
                    let n = next.fetch_add(1, Relaxed);
                    // Random, as a UUID is; and time passes, by a second in 10 000 decisions.
                    let jti = format!("{:032x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                    let (now, expires_at) = (NOW * 1000, NOW + 60 + n / 10_000);
                    let client_id = "nwU59qy9AsDqftmwLcfmkvOhvuYa".to_owned();
                    let used = Use { client_id, jti, issued_at: Some(NOW), expires_at, now, cached: true };
                    assert_eq!(store.remember(used).await, Ok(Verdict::First));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    begun.elapsed()
}

fn decisions(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("decisions");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(3));
    for callers in [1_u64, 16, 128] {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("identity.db"));
        let clock = Arc::new(FixedClock::at(NOW * 1000));
        let store = Arc::new(JtiStore::open(&ReplaySettings::new(location), clock).unwrap());
        let next = Arc::new(AtomicU64::new(0));
        group.bench_function(BenchmarkId::new("sqlite", callers), |bencher| {
            bencher.iter_custom(|n| runtime.block_on(decide(&store, &next, callers, n)));
        });
        println!("{:?}", store.stats());
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
