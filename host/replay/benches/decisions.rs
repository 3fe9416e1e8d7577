//! Durable decisions per second on every database, by the number of callers at the same time and by the size of a batch.
//!
//! Every decision is the first use of its pair, so each is a row in a transaction that is committed to the disk. Prints a
//! table whose rows begin with what a flush of the disk cost just before, with the processor time of this process for one
//! decision behind each rate. A database is measured when its feature is on and its server is installed; names on the
//! command line select some.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "../tests/common/mod.rs"]
mod common;
mod flush;
mod processor;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use common::{
    NOW,
    databases::{self, Database},
    used,
};
use dropins_replay::{JtiStore, ReplaySettings};
use dropins_services::{Memory, ReplayStore, Use};

/// Callers at the same time, and decisions in one transaction at most; 256 is the default.
const LOADS: &[(usize, usize)] =
    &[(1, 256), (16, 256), (128, 256), (512, 256), (512, 1), (512, 16), (512, 64), (512, 1024)];

/// How often each is measured, in turns, and for how long. The middle one counts.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(2);

/// A database by the name under which it is reported.
type Candidate = (&'static str, fn() -> Option<Database>);

const DATABASES: &[Candidate] = &[
    ("sqlite", databases::sqlite),
    #[cfg(feature = "postgres")]
    ("postgres", databases::postgres),
    #[cfg(feature = "mysql")]
    ("mariadb", databases::mysql),
    #[cfg(feature = "redis")]
    ("redis", databases::redis),
];

/// Has the callers decide fresh pairs for a while, and tells how many a second they were, and the processor time of one in
/// microseconds.
async fn decide(store: &Arc<JtiStore>, next: &Arc<AtomicU64>, callers: usize) -> (f64, f64) {
    let (begun, used_before) = (Instant::now(), processor::time());
    let caller = || {
        let (store, next) = (Arc::clone(store), Arc::clone(next));
        tokio::spawn(async move {
            let mut decided = 0;
            while begun.elapsed() < TURN {
                let n = next.fetch_add(1, Relaxed);
                // Random, as a UUID is; and time passes, by a second in 10 000 decisions.
                let jti = format!("{:032x}", u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
                let expires_at = NOW + 60 + n / 10_000;
                let used = Use { expires_at, cached: true, ..used("nwU59qy9AsDqftmwLcfmkvOhvuYa", jti) };
                assert_eq!(store.remember(used).await, Ok(Memory::First));
                decided += 1;
            }
            decided
        })
    };
    let tasks: Vec<_> = (0..callers).map(|_| caller()).collect();
    let mut decided = 0;
    for task in tasks {
        decided += task.await.unwrap();
    }
    let processor = processor::time().saturating_sub(used_before).as_secs_f64() * 1e6;
    (f64::from(decided) / begun.elapsed().as_secs_f64(), processor / f64::from(decided))
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn main() {
    // `cargo test --benches` runs this too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let selected: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| selected.is_empty() || selected.iter().any(|word| word == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let candidates = DATABASES.iter().filter(|(name, _)| wanted(name));
    let databases: Vec<_> = candidates.filter_map(|(name, make)| Some((name, make()?))).collect();
    let next = Arc::new(AtomicU64::new(0));
    let names: Vec<&str> = databases.iter().map(|(name, _)| **name).collect();
    println!("| callers | `max_batch` | a flush | {} |", names.join(" | "));
    println!("| --- | --- | --- |{}", " --- |".repeat(names.len()));
    for &(callers, max_batch) in LOADS {
        let open = |database: &Database| database.open_with(&ReplaySettings { max_batch, ..database.settings.clone() });
        let stores: Vec<_> = databases.iter().map(|(_, database)| open(database)).collect();
        let mut rates = vec![Vec::new(); stores.len()];
        let mut flushes = Vec::new();
        for _ in 0..TURNS {
            flushes.push(flush::milliseconds());
            for (store, rates) in stores.iter().zip(&mut rates) {
                rates.push(runtime.block_on(decide(store, &next, callers)));
            }
        }
        let shown = |measured: Vec<(f64, f64)>| {
            let (rates, times) = measured.into_iter().unzip();
            format!("{:.0} ({:.0} µs)", middle(rates), middle(times))
        };
        let rates: Vec<String> = rates.into_iter().map(shown).collect();
        println!("| {callers} | {max_batch} | {:.2} ms | {} |", middle(flushes), rates.join(" | "));
        for store in stores {
            runtime.block_on(store.close()).unwrap();
        }
    }
}
