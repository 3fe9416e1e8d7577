//! What a large table costs: the decision beside that on an empty one, and the purge beside none, in one run.
//!
//! `DROPINS_BENCH_ROWS` (default 1 000 000) live rows, a tenth more expired, and 64 callers, on every database whose
//! feature is on and whose server is installed; names on the command line select some. Ends with an error when a
//! decision takes more than twice as long as on an empty table, or when the p99 shows the purge.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "../tests/common/mod.rs"]
mod common;
mod flush;

use std::{
    process::ExitCode,
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

const CALLERS: u64 = 64;
const DECISIONS: u64 = 60_000;
/// How often the tables take turns, so that a busy moment of the machine meets both.
const TURNS: usize = 5;

/// How many times as long as on the empty table a decision may take.
const SLOWER: f64 = 2.0;
/// How many times as long as without a purge the p99 may be; two runs without one differ by as much.
const PURGE_IN_P99: f64 = 1.5;

/// A database by its name, and what puts so many live rows and a tenth more expired ones into its empty table.
type Candidate = (&'static str, fn() -> Option<Database>, fn(&Database, u64));

const DATABASES: &[Candidate] = &[
    ("sqlite", databases::sqlite, fill::sqlite),
    #[cfg(feature = "postgres")]
    ("postgres", databases::postgres, fill::postgres),
    #[cfg(feature = "mysql")]
    ("mariadb", databases::mysql, fill::mariadb),
];

/// Bulk loads. A `jti` is 32 random hexadecimal digits, as a UUID is; the rows arrive in the order of the primary key.
mod fill {
    use dropins_replay::Location;

    use super::{Database, NOW, random};

    pub(super) fn sqlite(database: &Database, live: u64) {
        let Location::Database(dropins_database::Location::Sqlite(path)) = &database.settings.location else {
            unreachable!()
        };
        let mut keys: Vec<(u64, u64)> = (0..live + live / 10).map(|n| (random(u64::MAX - n), n)).collect();
        keys.sort_unstable();
        let mut connection = rusqlite::Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA cache_size = -2000000; DROP INDEX IDX_IDN_OIDC_JTI_EXP_TIME").unwrap();
        let transaction = connection.transaction().unwrap();
        let mut insert = transaction.prepare("INSERT INTO IDN_OIDC_JTI VALUES (?1, 'c', -1234, ?2, 0)").unwrap();
        for (key, n) in keys {
            let expiry = if n < live { NOW + 600 + n % 3600 } else { NOW - 4000 + n % 600 };
            insert.execute((format!("{key:016x}{:016x}", random(n)), expiry as i64)).unwrap();
        }
        drop(insert);
        transaction.execute_batch("CREATE INDEX IDX_IDN_OIDC_JTI_EXP_TIME ON IDN_OIDC_JTI (EXP_TIME)").unwrap();
        transaction.commit().unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }

    #[cfg(feature = "postgres")]
    pub(super) fn postgres(database: &Database, live: u64) {
        let (server, name) = database.server.as_ref().unwrap();
        let insert = format!("{INTO} {} FROM generate_series(1, {}) AS n ORDER BY 1", row(live), live + live / 10);
        for statement in [&*insert, "VACUUM (FREEZE, ANALYZE) IDN_OIDC_JTI", "CHECKPOINT"] {
            server.execute(name, statement).unwrap();
        }
    }

    /// With half of the memory of a small machine for the pages; the default would be 128 MiB for gigabytes of rows.
    #[cfg(feature = "mysql")]
    pub(super) fn mariadb(database: &Database, live: u64) {
        let (server, name) = database.server.as_ref().unwrap();
        server.execute(name, "SET GLOBAL innodb_buffer_pool_size = 4294967296").unwrap();
        let insert =
            format!("{INTO} {} FROM (SELECT seq AS n FROM seq_1_to_{}) AS numbers", row(live), live + live / 10);
        server.execute(name, &format!("{insert} ORDER BY 1")).unwrap();
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    const INTO: &str = "INSERT INTO IDN_OIDC_JTI (JWT_ID, CLIENT_ID, TENANT_ID, EXP_TIME, TIME_CREATED)";

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    fn row(live: u64) -> String {
        let expiry = format!("CASE WHEN n <= {live} THEN {} + n % 3600 ELSE {} + n % 600 END", NOW + 600, NOW - 4000);
        format!("SELECT md5(concat('filled ', n)), 'c', -1234, {expiry}, 0")
    }
}

/// The `n`th random number (splitmix64).
fn random(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// How long decisions took.
#[derive(Default)]
struct Latencies {
    each: Vec<Duration>,
    total: Duration,
}

impl Latencies {
    /// Has the callers decide fresh pairs.
    async fn of(store: &Arc<JtiStore>, next: &Arc<AtomicU64>) -> Self {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (store, next) = (Arc::clone(store), Arc::clone(next));
                tokio::spawn(async move {
                    let mut each = Vec::new();
                    for _ in 0..DECISIONS / CALLERS {
                        let n = next.fetch_add(1, Relaxed);
                        let jti = format!("{:016x}{:016x}", random(n), random(!n));
                        let used = Use { expires_at: NOW + 300 + n / 10_000, ..used("c", jti) };
                        let begun = Instant::now();
                        assert_eq!(store.remember(used).await, Ok(Memory::First));
                        each.push(begun.elapsed());
                    }
                    each
                })
            })
            .collect();
        let mut each = Vec::new();
        for task in tasks {
            each.append(&mut task.await.unwrap());
        }
        Self { each, total: begun.elapsed() }
    }

    fn add(&mut self, mut other: Self) {
        self.each.append(&mut other.each);
        self.each.sort_unstable();
        self.total += other.total;
    }

    /// The latency, in milliseconds, that so many of a thousand decisions do not exceed.
    fn percentile(&self, thousandths: usize) -> f64 {
        let at = self.each.len() * thousandths / 1000;
        self.each.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }

    fn report(&self, what: &str) {
        let rate = self.each.len() as f64 / self.total.as_secs_f64();
        let [p50, p99, p999] = [500, 990, 999].map(|share| self.percentile(share));
        println!("  {what:<20} {rate:6.0} a second, p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms");
    }
}

/// Measures one database; whether it keeps the bounds.
fn measure(name: &str, (empty, full): (&Database, &Database)) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    // The purge never ends a round: it begins the next one at once.
    let purging = ReplaySettings { purge_interval: Duration::from_millis(1), ..full.settings.clone() };
    let (small, large) = (empty.open(), full.open_with(&purging));
    let [mut of_empty, mut of_full, mut of_purging] = <[Latencies; 3]>::default();
    for _ in 0..TURNS {
        of_empty.add(runtime.block_on(Latencies::of(&small, &next)));
        of_full.add(runtime.block_on(Latencies::of(&large, &next)));
        let purge = {
            let _runtime = runtime.enter();
            large.purger().spawn()
        };
        of_purging.add(runtime.block_on(Latencies::of(&large, &next)));
        drop(purge);
    }
    println!("{name}, a flush of the disk takes {:.2} ms", flush::milliseconds());
    of_empty.report("empty table");
    of_full.report("full table");
    of_purging.report("full table, purging");
    let slower = of_full.total.as_secs_f64() / of_empty.total.as_secs_f64();
    let p99 = of_purging.percentile(990) / of_full.percentile(990);
    println!(
        "  full to empty {slower:.2} (at most {SLOWER}); p99 with a purge to without {p99:.2} (at most {PURGE_IN_P99}); {} rows purged",
        large.stats().purged
    );
    for store in [small, large] {
        runtime.block_on(store.close()).unwrap();
    }
    slower <= SLOWER && p99 <= PURGE_IN_P99
}

fn main() -> ExitCode {
    // `cargo test --benches` runs this too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let selected: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let rows = std::env::var("DROPINS_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    println!("{rows} live rows, {} over", rows / 10);
    let mut kept = true;
    for (name, database, fill) in DATABASES {
        if !selected.is_empty() && !selected.iter().any(|word| word == name) {
            continue;
        }
        let (Some(empty), Some(full)) = (database(), database()) else { continue };
        // Opening makes the table.
        drop(full.open());
        let begun = Instant::now();
        fill(&full, rows);
        println!("{name} filled in {:.0} s", begun.elapsed().as_secs_f64());
        kept &= measure(name, (&empty, &full));
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
