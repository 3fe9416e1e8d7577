//! Honest retries: a first use that a server error returned goes to one repetition of the same request.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use common::{NOW, used};
use dropins_replay::{Backend, Entry, JtiStore, Key, Location, MemoryStore, Outcome, Reader, ReplaySettings};
use dropins_services::{Attempt, Attempted, FixedClock, Memory, ReplayStore, Unavailable, Use};
use proptest::{prelude::*, test_runner::TestRunner};

/// The window of all tests, in milliseconds.
const WINDOW: u64 = 10_000;

fn settings() -> ReplaySettings {
    ReplaySettings { timeout: common::GENEROUS, ..ReplaySettings::new(Location::Memory) }
}

fn over(backend: impl Backend, settings: &ReplaySettings) -> Arc<JtiStore> {
    Arc::new(JtiStore::over(backend, settings, Arc::new(FixedClock::at(NOW * 1000))).unwrap())
}

fn store() -> Arc<JtiStore> {
    over(MemoryStore::new(), &settings())
}

/// The use of a request with this digest, so many milliseconds after the beginning of the test, by way of the cache.
fn at(millis: u64, digest: u8) -> Use {
    let attempt = Attempt { digest: [digest; 32], window: Duration::from_millis(WINDOW) };
    Use { now: NOW * 1000 + millis, cached: true, attempt: Some(attempt), ..used("c", "j") }
}

/// The request of this use is answered with a server error after it was told that it is the first.
fn fails(store: &JtiStore, used: Use) {
    store.forgive(Attempted { used, first: true });
}

#[tokio::test]
async fn a_request_that_failed_is_the_first_once_more_and_no_other_is() {
    let store = store();
    assert_eq!(store.remember(at(0, 1)).await, Ok(Memory::First));
    assert_eq!(store.remember(at(1, 1)).await, Ok(Memory::Seen), "it is under way");
    fails(&store, at(0, 1));
    for other in [at(2, 2), Use { attempt: None, ..at(2, 1) }, Use { expires_at: NOW + 61, ..at(2, 1) }] {
        assert_eq!(store.remember(other).await, Ok(Memory::Seen));
    }
    assert_eq!(store.remember(at(3, 1)).await, Ok(Memory::First));
    assert_eq!(store.remember(at(4, 1)).await, Ok(Memory::Seen), "a second retry");
    let stats = store.stats();
    assert_eq!((stats.first, stats.forgiven), (2, 1));
}

#[tokio::test]
async fn without_a_window_nothing_is_forgiven() {
    let store = store();
    let plain = || Use { attempt: None, ..at(0, 1) };
    assert_eq!(store.remember(plain()).await, Ok(Memory::First));
    fails(&store, plain());
    assert_eq!(store.remember(plain()).await, Ok(Memory::Seen));
    assert_eq!(store.remember(at(0, 1)).await, Ok(Memory::Seen));
}

#[tokio::test]
async fn a_retry_that_fails_may_be_repeated_within_the_window_of_the_first_attempt() {
    for (last, verdict) in [(WINDOW, Memory::First), (WINDOW + 1, Memory::Seen)] {
        let store = store();
        for millis in [0, 4000, 8000] {
            assert_eq!(store.remember(at(millis, 1)).await, Ok(Memory::First), "{millis}");
            fails(&store, at(millis, 1));
        }
        assert_eq!(store.remember(at(last, 1)).await, Ok(verdict));
    }
}

#[tokio::test]
async fn another_node_and_a_restarted_one_forgive_nothing() {
    let memory = MemoryStore::new();
    let (one, other) = (over(memory.clone(), &settings()), over(memory.clone(), &settings()));
    assert_eq!(one.remember(at(0, 1)).await, Ok(Memory::First));
    fails(&one, at(0, 1));
    assert_eq!(other.remember(at(1, 1)).await, Ok(Memory::Seen));
    assert_eq!(over(memory, &settings()).remember(at(1, 1)).await, Ok(Memory::Seen));
    assert_eq!(one.remember(at(1, 1)).await, Ok(Memory::First));
}

#[tokio::test]
async fn a_pair_that_another_node_took_over_after_its_end_is_not_forgiven() {
    let memory = MemoryStore::new();
    let (one, ahead) = (over(memory.clone(), &settings()), over(memory, &settings()));
    assert_eq!(one.remember(at(0, 1)).await, Ok(Memory::First));
    fails(&one, at(0, 1));
    // For a node two minutes ahead the pair has expired, and a client that used it there got its token.
    let later = Use { now: (NOW + 120) * 1000, expires_at: NOW + 180, ..at(0, 2) };
    assert_eq!(ahead.remember(later).await, Ok(Memory::First));
    assert_eq!(one.remember(at(1, 1)).await, Ok(Memory::Seen));
}

#[tokio::test]
async fn a_peek_does_not_touch_what_is_forgiven() {
    let store = store();
    assert_eq!(store.remember(at(0, 1)).await, Ok(Memory::First));
    fails(&store, at(0, 1));
    for _ in 0..2 {
        assert_eq!(store.peek(at(1, 1)).await, Ok(Memory::Seen));
    }
    assert_eq!(store.remember(at(1, 1)).await, Ok(Memory::First));
}

/// A store in memory that reports each batch, waits for leave to answer, and may lose the answer.
struct Gated {
    memory: MemoryStore,
    begun: mpsc::Sender<()>,
    leave: mpsc::Receiver<Answer>,
}

#[derive(PartialEq)]
enum Answer {
    Given,
    Lost,
}

#[async_trait::async_trait]
impl Backend for Gated {
    fn reader(&self) -> Arc<dyn Reader> {
        self.memory.reader()
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        self.begun.send(()).ok();
        let answer = self.leave.recv().unwrap_or(Answer::Given);
        let outcomes = self.memory.decide(batch).await?;
        if answer == Answer::Lost { Err(Unavailable::new("replay store", "connection lost")) } else { Ok(outcomes) }
    }

    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable> {
        self.memory.expiries(keys).await
    }

    async fn purge(&mut self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.memory.purge(until, limit))
    }

    async fn probe(&mut self) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn reconnect(&mut self) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn close(self) -> Result<(), Unavailable> {
        Ok(())
    }
}

fn gated(timeout: Duration) -> (Arc<JtiStore>, mpsc::Receiver<()>, mpsc::Sender<Answer>) {
    let (begun, batches) = mpsc::channel();
    let (leave, gate) = mpsc::channel();
    let backend = Gated { memory: MemoryStore::new(), begun, leave: gate };
    (over(backend, &ReplaySettings { timeout, ..settings() }), batches, leave)
}

/// Remembers until the store answers in time: a busy machine may need longer than the short time-out of a test. What is
/// too slow is answered with a server error.
async fn in_time(store: &JtiStore, used: Use) -> Memory {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        match store.remember(used.clone()).await {
            Ok(verdict) => return verdict,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
        store.forgive(Attempted { used: used.clone(), first: false });
    }
}

const SHORT: Duration = Duration::from_millis(30);

/// Repeats `remember` until the writer holds a use as its time-out expires. A busy machine can be late to hand it over.
async fn is_too_slow(store: &JtiStore, batches: &mpsc::Receiver<()>) {
    while batches.try_recv().is_err() {
        assert!(store.remember(at(0, 1)).await.is_err());
    }
}

#[tokio::test]
async fn an_answer_that_comes_after_the_server_error_makes_the_request_repeatable() {
    let (store, batches, leave) = gated(SHORT);
    is_too_slow(&store, &batches).await;
    store.forgive(Attempted { used: at(0, 1), first: false });
    drop(leave);
    assert_eq!(in_time(&store, at(1, 2)).await, Memory::Seen, "another request");
    assert_eq!(in_time(&store, at(1, 1)).await, Memory::First);
    assert_eq!(in_time(&store, at(2, 1)).await, Memory::Seen);
}

#[tokio::test]
async fn a_late_answer_is_not_enough_when_no_server_error_was_answered() {
    let (store, batches, leave) = gated(SHORT);
    is_too_slow(&store, &batches).await;
    drop(leave);
    let other = || Use { attempt: None, ..at(1, 1) };
    assert_eq!(in_time(&store, other()).await, Memory::Seen, "the late transaction has ended");
    assert_eq!(store.stats().forgiven, 0);
    assert!(matches!(store.remember(at(1, 1)).await, Ok(Memory::Seen) | Err(_)));
}

#[tokio::test]
async fn an_unknown_outcome_is_not_forgiven() {
    let (store, _batches, leave) = gated(common::GENEROUS);
    leave.send(Answer::Lost).unwrap();
    assert!(store.remember(at(0, 1)).await.is_err());
    store.forgive(Attempted { used: at(0, 1), first: false });
    drop(leave);
    assert_eq!(store.remember(at(1, 1)).await, Ok(Memory::Seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_client_hung_up_is_not_forgiven() {
    let (store, batches, leave) = gated(common::GENEROUS);
    let running = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.remember(at(0, 1)).await }
    });
    batches.recv().unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    drop(leave);
    assert_eq!(store.remember(at(1, 1)).await, Ok(Memory::Seen));
}

/// What happens to the requests of a test.
#[derive(Debug, Clone)]
enum Step {
    /// A request with this digest for one of the pairs.
    Request {
        pair: u8,
        digest: u8,
    },
    /// A request that was told it is first ends.
    End {
        which: prop::sample::Index,
        server_error: bool,
    },
    Advance {
        millis: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u8..2, 0_u8..2).prop_map(|(pair, digest)| Step::Request { pair, digest }),
        4 => (any::<prop::sample::Index>(), prop::bool::weighted(0.8))
            .prop_map(|(which, server_error)| Step::End { which, server_error }),
        3 => (0_u64..6000).prop_map(|millis| Step::Advance { millis }),
    ];
    proptest::collection::vec(step, 1..80)
}

/// The owner of the first use of a remembered pair.
struct First {
    expires_at: u64,
    digest: u8,
    began: u64,
    given_back: bool,
}

async fn agrees(steps: &[Step]) {
    let store = store();
    let mut model: HashMap<u8, First> = HashMap::new();
    let mut holders: Vec<(u8, Use)> = Vec::new();
    let mut millis = 0;
    for step in steps {
        match step {
            Step::Request { pair, digest } => {
                // The digest stands for the whole request, its expiry included.
                let now = NOW * 1000 + millis;
                let expires_at = NOW + 15 * (1 + millis / 15_000) + u64::from(*digest);
                let used = Use { jti: pair.to_string(), expires_at, ..at(millis, *digest) };
                let expected = match model.get_mut(pair).filter(|first| first.expires_at * 1000 > now) {
                    Some(first) => {
                        let same = (first.digest, first.expires_at) == (*digest, expires_at);
                        let forgiven = first.given_back && same && millis <= first.began + WINDOW;
                        first.given_back &= !forgiven;
                        if forgiven { Memory::First } else { Memory::Seen }
                    }
                    None => {
                        let first = First { expires_at, digest: *digest, began: millis, given_back: false };
                        model.insert(*pair, first);
                        Memory::First
                    }
                };
                assert_eq!(store.remember(used.clone()).await, Ok(expected), "{step:?} at {millis}");
                if expected == Memory::First {
                    holders.push((*pair, used));
                }
            }
            Step::End { which, server_error } if !holders.is_empty() => {
                let (pair, used) = holders.swap_remove(which.index(holders.len()));
                if *server_error {
                    let first = model.get_mut(&pair).filter(|first| first.expires_at == used.expires_at);
                    first.into_iter().for_each(|first| first.given_back = true);
                    fails(&store, used);
                }
            }
            Step::End { .. } => {}
            Step::Advance { millis: passed } => millis += passed,
        }
    }
}

#[test]
fn any_order_of_requests_ends_and_time_agrees_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    let tried = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(agrees(&steps));
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_retries_come_at_once_there_is_one_first_for_each_server_error_and_one_token() {
    let store = store();
    for round in 0..100 {
        let used = || Use { jti: round.to_string(), ..at(0, 1) };
        let (firsts, errors, tokens) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(0));
        let counts = Arc::new((firsts, errors, tokens));
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let (store, counts) = (Arc::clone(&store), Arc::clone(&counts));
                let uses: Vec<Use> = (0..8).map(|_| used()).collect();
                tokio::spawn(async move {
                    for (n, used) in uses.into_iter().enumerate() {
                        if store.remember(used.clone()).await == Ok(Memory::First) {
                            let (firsts, errors, tokens) = &*counts;
                            let told = firsts.fetch_add(1, Ordering::SeqCst) + 1;
                            let given_back = errors.load(Ordering::SeqCst);
                            assert_eq!(told, given_back + 1, "two hold it");
                            if (task + n) % 3 == 0 {
                                *tokens.lock().unwrap() += 1;
                            } else {
                                errors.fetch_add(1, Ordering::SeqCst);
                                fails(&store, used);
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(*counts.2.lock().unwrap() <= 1, "round {round}");
    }
}
