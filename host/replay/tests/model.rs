//! Any sequence of uses, passing time, purges and restarts agrees with a map from pair to expiry.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{collections::HashMap, sync::Arc, time::Duration};

use common::{NOW, used};
use dropins_host::services::{Clock, FixedClock, ReplayStore, Use, Verdict};
use dropins_replay::{JtiStore, Location, MemoryStore, ReplaySettings};
use proptest::prelude::*;

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
    fn peek(&self, pair: (u8, u8), now: u64) -> Verdict {
        // In milliseconds, to check the store's reckoning in seconds independently.
        match self.0.get(&pair) {
            Some(expires_at) if expires_at * 1000 > now => Verdict::Seen,
            _ => Verdict::First,
        }
    }

    fn remember(&mut self, pair: (u8, u8), now: u64, expires_at: u64) -> Verdict {
        let verdict = self.peek(pair, now);
        if verdict == Verdict::First {
            self.0.insert(pair, expires_at);
        }
        verdict
    }
}

async fn agrees(open: impl Fn(Arc<FixedClock>) -> JtiStore, steps: &[Step]) {
    let clock = Arc::new(FixedClock::at(NOW * 1000));
    let mut store = open(clock.clone());
    let mut model = Model::default();
    let used = |client: u8, jti: u8, lifetime, cached| {
        let now = clock.now();
        Use { now, expires_at: now / 1000 + lifetime, cached, ..used(&client.to_string(), jti) }
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

/// Purges expired pairs at once, two at a time.
fn settings(location: Location) -> ReplaySettings {
    let timeout = Duration::from_secs(60);
    ReplaySettings { timeout, purge_margin: Duration::ZERO, purge_batch: 2, ..ReplaySettings::new(location) }
}

fn run(open: impl Fn(Arc<FixedClock>) -> JtiStore, steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(agrees(open, steps));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_agrees_with_the_model(steps in steps()) {
        let memory = MemoryStore::new();
        let settings = settings(Location::Memory);
        run(|clock| JtiStore::over(memory.clone(), &settings, clock).unwrap(), &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_agrees_with_the_model(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(Location::Sqlite(folder.path().join("identity.db")));
        run(|clock| JtiStore::open(&settings, clock).unwrap(), &steps);
    }
}
