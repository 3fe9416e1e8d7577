//! A store that fails, hangs or panics: unavailable for every caller, never a first use, and recovery by itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use common::{NOW, used};
use dropins_replay::{Backend, Entry, JtiStore, Key, Location, MemoryStore, Outcome, Reader, ReplaySettings};
use dropins_services::{FixedClock, Memory, ReplayStore, Unavailable};

/// What the backend does with the next batches.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Good,
    /// Remembers, then fails: as when the connection is lost while the commit is answered.
    CommitLost,
    Disconnected,
    Panics,
    Miscounts,
}

/// A store in memory with a mood, which reports each batch and waits for leave to answer when it is gated.
struct Moody {
    memory: MemoryStore,
    mood: Arc<Mutex<Mood>>,
    broken: bool,
    gate: Option<(mpsc::Sender<usize>, mpsc::Receiver<()>)>,
}

impl Moody {
    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }
}

#[async_trait::async_trait]
impl Backend for Moody {
    fn reader(&self) -> Arc<dyn Reader> {
        self.memory.reader()
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        assert!(!self.broken, "a failed connection is replaced before it is used again");
        if let Some((begun, leave)) = &self.gate {
            begun.send(batch.len()).ok();
            leave.recv().ok();
        }
        assert!(batch.is_sorted_by(|a, b| a.key < b.key), "the pairs are sorted and distinct");
        let mut outcomes = self.memory.decide(batch).await?;
        match self.mood() {
            Mood::Good => return Ok(outcomes),
            Mood::Miscounts => {
                outcomes.pop();
                return Ok(outcomes);
            }
            Mood::Panics => panic!("the backend's own mistake"),
            Mood::CommitLost | Mood::Disconnected => self.broken = true,
        }
        Err(Unavailable::new("replay store", "connection lost"))
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
        if self.mood() == Mood::Disconnected {
            return Err(Unavailable::new("replay store", "no connection"));
        }
        self.broken = false;
        Ok(())
    }

    async fn close(self) -> Result<(), Unavailable> {
        Ok(())
    }
}

fn settings() -> ReplaySettings {
    ReplaySettings { timeout: Duration::from_secs(60), ..ReplaySettings::new(Location::Memory) }
}

fn over(backend: Moody, settings: &ReplaySettings) -> Arc<JtiStore> {
    Arc::new(JtiStore::over(backend, settings, Arc::new(FixedClock::at(NOW * 1000))).unwrap())
}

fn moody() -> (Arc<JtiStore>, Arc<Mutex<Mood>>) {
    let mood = Arc::new(Mutex::new(Mood::Good));
    let backend = Moody { memory: MemoryStore::new(), mood: Arc::clone(&mood), broken: false, gate: None };
    (over(backend, &settings()), mood)
}

/// A store whose batches report themselves and wait.
fn gated(settings: &ReplaySettings) -> (Arc<JtiStore>, mpsc::Receiver<usize>, mpsc::Sender<()>) {
    let (begun, batches) = mpsc::channel();
    let (leave, gate) = mpsc::channel();
    let mood = Arc::new(Mutex::new(Mood::Good));
    let backend = Moody { memory: MemoryStore::new(), mood, broken: false, gate: Some((begun, gate)) };
    (over(backend, settings), batches, leave)
}

type Answer = tokio::task::JoinHandle<Result<Memory, Unavailable>>;

fn remember(store: &Arc<JtiStore>, jti: impl ToString) -> Answer {
    let (store, jti) = (Arc::clone(store), jti.to_string());
    tokio::spawn(async move { store.remember(used("c", jti)).await })
}

/// Waits until so many commands wait for the writer.
async fn queued(store: &JtiStore, depth: u64) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while store.stats().queue_depth != depth {
        assert!(std::time::Instant::now() < deadline, "{:?}", store.stats());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whatever_goes_wrong_is_unavailable_and_passes_by_itself() {
    for bad in [Mood::CommitLost, Mood::Disconnected, Mood::Panics, Mood::Miscounts] {
        let (store, mood) = moody();
        assert_eq!(store.remember(used("c", "before")).await, Ok(Memory::First));
        store.healthy().await.unwrap();

        *mood.lock().unwrap() = bad;
        for n in 0..3 {
            assert!(store.remember(used("c", n)).await.is_err());
        }
        *mood.lock().unwrap() = Mood::Good;
        store.healthy().await.unwrap();
        assert_eq!(store.remember(used("c", "after")).await, Ok(Memory::First));
        assert_eq!(store.remember(used("c", "before")).await, Ok(Memory::Seen));
        assert_eq!(store.stats().unavailable, 3);
    }
}

#[tokio::test]
async fn recovery_needs_no_health_check() {
    let (store, mood) = moody();
    *mood.lock().unwrap() = Mood::Disconnected;
    assert!(store.remember(used("c", 1)).await.is_err());
    *mood.lock().unwrap() = Mood::Good;
    assert_eq!(store.remember(used("c", 2)).await, Ok(Memory::First));
}

#[tokio::test]
async fn a_store_that_cannot_reconnect_is_not_healthy() {
    let (store, mood) = moody();
    *mood.lock().unwrap() = Mood::Disconnected;
    assert!(store.remember(used("c", 1)).await.is_err());
    assert!(store.healthy().await.is_err());
}

#[tokio::test]
async fn a_use_in_a_failed_transaction_does_not_enter_the_cache() {
    let (store, mood) = moody();
    let cached = || dropins_services::Use { cached: true, ..used("c", "j") };
    *mood.lock().unwrap() = Mood::Miscounts;
    assert!(store.remember(cached()).await.is_err());
    assert!(store.remember(cached()).await.is_err());
    assert_eq!(store.stats().cache_hits, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_uses_of_a_failed_transaction_are_rejected() {
    let (begun, batches) = mpsc::channel();
    let (leave, gate) = mpsc::channel();
    let mood = Arc::new(Mutex::new(Mood::Good));
    let backend =
        Moody { memory: MemoryStore::new(), mood: Arc::clone(&mood), broken: false, gate: Some((begun, gate)) };
    let store = over(backend, &settings());
    let first = remember(&store, "first");
    assert_eq!(batches.recv(), Ok(1));
    let sharing: Vec<Answer> = (0..20).map(|n| remember(&store, n / 2)).collect();
    queued(&store, 20).await;
    leave.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(Memory::First));
    assert_eq!(batches.recv(), Ok(10));
    *mood.lock().unwrap() = Mood::CommitLost;
    leave.send(()).unwrap();
    for answer in sharing {
        assert!(answer.await.unwrap().is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_shares_a_transaction_up_to_the_maximum_and_the_first_of_a_pair_wins() {
    let (store, batches, leave) = gated(&ReplaySettings { max_batch: 8, ..settings() });
    let first = remember(&store, "first");
    assert_eq!(batches.recv(), Ok(1));
    let mut answers = Vec::new();
    for (depth, jti) in (1..).zip(["b", "a", "b", "b", "c", "a", "d", "e", "f", "g"]) {
        answers.push(remember(&store, jti));
        queued(&store, depth).await;
    }
    for _ in 0..3 {
        leave.send(()).unwrap();
    }
    assert_eq!((batches.recv(), batches.recv()), (Ok(5), Ok(2)), "eight uses of five pairs, then the other two");
    assert_eq!(first.await.unwrap(), Ok(Memory::First));
    let mut verdicts = Vec::new();
    for answer in answers {
        verdicts.push(answer.await.unwrap().unwrap());
    }
    use Memory::{First, Seen};
    assert_eq!(verdicts, [First, First, Seen, Seen, First, Seen, First, First, First, First]);
    assert_eq!((store.stats().batches, store.stats().largest_batch), (3, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_unavailable_at_once() {
    let (store, batches, leave) = gated(&ReplaySettings { queue: 2, ..settings() });
    let mut admitted = vec![remember(&store, 0)];
    assert_eq!(batches.recv(), Ok(1));
    admitted.extend([remember(&store, 1), remember(&store, 2)]);
    queued(&store, 2).await;
    let refused = store.remember(used("c", 3)).await.unwrap_err();
    assert!(refused.detail.contains("too many"), "{refused}");
    leave.send(()).unwrap();
    leave.send(()).unwrap();
    for answer in admitted {
        assert_eq!(answer.await.unwrap(), Ok(Memory::First));
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_unavailable_within_the_timeout_and_recovers() {
    let (store, batches, leave) = gated(&ReplaySettings { timeout: Duration::from_millis(30), ..settings() });
    // On a busy machine the first uses may be given up before the writer takes one.
    let size = loop {
        let begun = std::time::Instant::now();
        let error = store.remember(used("c", "slow")).await.unwrap_err();
        assert!(error.detail.contains("no answer within 30ms"), "{error}");
        assert!(begun.elapsed() >= Duration::from_millis(30));
        if let Ok(size) = batches.try_recv() {
            break size;
        }
    };
    assert_eq!(size, 1);
    // The hanging transaction commits after all: its use is consumed, though no caller was told that it was the first.
    leave.send(()).unwrap();
    queued(&store, 0).await;
    drop(leave);
    assert_eq!(eventually(&store, |_| "slow".into()).await, Memory::Seen);
    assert_eq!(eventually(&store, |attempt| format!("next {attempt}")).await, Memory::First);
}

/// Repeats until the store answers in time: a busy machine may need longer than this test's short time-out.
async fn eventually(store: &JtiStore, jti: impl Fn(u32) -> String) -> Memory {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    for attempt in 0.. {
        match store.remember(used("c", jti(attempt))).await {
            Ok(verdict) => return verdict,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_call_harms_no_other_and_consumes_nothing_while_it_waits() {
    let (store, batches, leave) = gated(&settings());
    let running = remember(&store, "running");
    assert_eq!(batches.recv(), Ok(1));
    let waiting = remember(&store, "waiting");
    queued(&store, 1).await;
    running.abort();
    waiting.abort();
    assert!(running.await.unwrap_err().is_cancelled() && waiting.await.unwrap_err().is_cancelled());
    drop(leave);
    assert_eq!(store.remember(used("c", "running")).await, Ok(Memory::Seen));
    assert_eq!(store.remember(used("c", "waiting")).await, Ok(Memory::First));
}
