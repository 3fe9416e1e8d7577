//! Any sequence of uses, passing time, purges and restarts agrees with a map from pair to expiry.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

#[cfg(any(feature = "_sql", feature = "_server"))]
use common::databases::Database;
use common::{NOW, used};
use dropins_replay::{JtiStore, Location, MemoryStore, ReplaySettings};
use dropins_services::{Clock, FixedClock, Memory, ReplayStore, Use};
use proptest::{prelude::*, test_runner::TestRunner};

#[derive(Debug, Clone)]
enum Step {
    Remember { client: u8, jti: u8, lifetime: u64, cached: bool },
    Peek { client: u8, jti: u8, cached: bool },
    Advance { millis: u64 },
    Purge,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pair = || (0_u8..3, 0_u8..3, any::<bool>());
    let step = prop_oneof![
        8 => (pair(), 1_u64..6).prop_map(|((client, jti, cached), lifetime)| Step::Remember { client, jti, lifetime, cached }),
        3 => pair().prop_map(|(client, jti, cached)| Step::Peek { client, jti, cached }),
        5 => (0_u64..2500).prop_map(|millis| Step::Advance { millis }),
        1 => Just(Step::Purge),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..60)
}

#[derive(Default)]
struct Model(HashMap<(u8, u8), u64>);

impl Model {
    fn peek(&self, pair: (u8, u8), now: u64) -> Memory {
        // In milliseconds, to check the store's reckoning in seconds independently.
        match self.0.get(&pair) {
            Some(expires_at) if expires_at * 1000 > now => Memory::Seen,
            _ => Memory::First,
        }
    }

    fn remember(&mut self, pair: (u8, u8), now: u64, expires_at: u64) -> Memory {
        let verdict = self.peek(pair, now);
        if verdict == Memory::First {
            self.0.insert(pair, expires_at);
        }
        verdict
    }
}

async fn agrees(prefix: &str, open: impl Fn(Arc<FixedClock>) -> JtiStore, steps: &[Step]) {
    let clock = Arc::new(FixedClock::at(NOW * 1000));
    let mut store = open(clock.clone());
    let mut model = Model::default();
    let used = |client: u8, jti: u8, lifetime, cached| {
        let now = clock.now();
        Use { now, expires_at: now / 1000 + lifetime, cached, ..used(&format!("{prefix} {client}"), jti) }
    };
    for step in steps {
        let now = clock.now();
        match *step {
            Step::Remember { client, jti, lifetime, cached } => {
                let used = used(client, jti, lifetime, cached);
                let expected = model.remember((client, jti), now, used.expires_at);
                assert_eq!(store.remember(used).await, Ok(expected), "{step:?} at {now}");
            }
            Step::Peek { client, jti, cached } => {
                let expected = model.peek((client, jti), now);
                assert_eq!(store.peek(used(client, jti, 1, cached)).await, Ok(expected), "{step:?} at {now}");
            }
            Step::Advance { millis } => clock.set(now + millis),
            Step::Purge => {
                store.purger().purge_all().await.unwrap();
            }
            Step::Reopen => {
                store.close().await.unwrap();
                store = open(clock.clone());
            }
        }
    }
}

/// Purges expired pairs at once, two at a time; a server that forgets by itself must not do it by the real clock.
#[cfg(any(feature = "_sql", feature = "_server"))]
fn purging(database: &Database) -> ReplaySettings {
    let settings = ReplaySettings { purge_batch: 2, ..database.settings.clone() };
    if database.forgets_by_itself { settings } else { ReplaySettings { purge_margin: Duration::ZERO, ..settings } }
}

/// Tries so many sequences, each with clients of its own on the same database.
fn run(cases: u32, open: impl Fn(Arc<FixedClock>) -> JtiStore) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let case = AtomicU32::new(0);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let tried = TestRunner::new(config).run(&steps(), |steps| {
        let prefix = case.fetch_add(1, Ordering::Relaxed).to_string();
        runtime.block_on(agrees(&prefix, &open, &steps));
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn memory_agrees_with_the_model() {
    let memory = MemoryStore::new();
    let settings = ReplaySettings { purge_margin: Duration::ZERO, ..ReplaySettings::new(Location::Memory) };
    run(256, |clock| JtiStore::over(memory.clone(), &settings, clock).unwrap());
}

macro_rules! agrees_with_the_model {
    ($($feature:literal $database:ident $test:ident $cases:literal)*) => {
        $(#[cfg(feature = $feature)]
        #[test]
        fn $test() {
            if let Some(database) = common::databases::$database() {
                run($cases, |clock| JtiStore::open(&purging(&database), clock).unwrap());
            }
        })*
    };
}

agrees_with_the_model! {
    "sqlite" sqlite sqlite_agrees_with_the_model 40
    "postgres" postgres postgres_agrees_with_the_model 30
    "mysql" mysql mysql_agrees_with_the_model 30
    "redis" redis redis_agrees_with_the_model 30
}
