//! Durable decisions per second on every database, by the number of callers at the same time and by the size of a batch.
//!
//! Every decision is the first use of its pair, so each is a row in a transaction that is committed to the disk. A
//! database is measured when its feature is on and its server is installed; a name on the command line selects one.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]
#![allow(missing_docs, reason = "the macros of criterion make public items")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    cell::LazyCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use common::databases::{self, Database};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dropins_host::services::{ReplayStore, Use, Verdict};
use dropins_replay::{JtiStore, ReplaySettings};

use common::NOW;

/// A database by the name under which it is reported.
type Candidate = (&'static str, fn() -> Option<Database>);

const DATABASES: &[Candidate] = &[
    #[cfg(feature = "sqlite")]
    ("sqlite", databases::sqlite),
    #[cfg(feature = "postgres")]
    ("postgres", databases::postgres),
    #[cfg(feature = "mysql")]
    ("mariadb", databases::mysql),
    #[cfg(feature = "redis")]
    ("redis", databases::redis),
];

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
    for (name, database) in DATABASES {
        for (callers, max_batch) in [(1, 256), (16, 256), (128, 256), (256, 1), (256, 16), (256, 64), (256, 256)] {
            let label = format!("{callers} callers, at most {max_batch} in a batch");
            // Made when it is measured: another one may be selected.
            let opened = LazyCell::new(|| {
                let database = database()?;
                let store = database.open_with(&ReplaySettings { max_batch, ..database.settings.clone() });
                Some((database, store, Arc::new(AtomicU64::new(0))))
            });
            group.bench_function(BenchmarkId::new(*name, label), |bencher| match &*opened {
                Some((_, store, next)) => {
                    bencher.iter_custom(|n| runtime.block_on(decide(store, next, callers, n)));
                }
                None => bencher.iter(|| ()),
            });
        }
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
