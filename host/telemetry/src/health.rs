//! Whether the stores that every request needs can be asked.
//!
//! One probe is under way at a time, however many callers ask and give up: it asks all stores at once within one bound,
//! and answers every caller that came meanwhile. No answer is kept for later callers.

use std::sync::{Arc, Mutex, PoisonError};

use dropins_replay::JtiStore;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use dropins_database::{Database, TIMEOUT};

/// What is wrong with each store, one sentence each; `None` if it answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The replay store.
    pub replay: Option<String>,
    /// The identity database.
    pub identity: Option<String>,
}

impl Health {
    /// Nothing, when all stores answer.
    ///
    /// # Errors
    /// What is wrong, one line for each store that is down.
    pub fn verdict(&self) -> Result<(), String> {
        let down: Vec<&str> = [&self.replay, &self.identity].into_iter().flatten().map(String::as_str).collect();
        if down.is_empty() { Ok(()) } else { Err(down.join("\n")) }
    }

    /// All stores by their name in metrics, and whether they answer.
    pub fn stores(&self) -> [(&'static str, bool); 2] {
        [("replay", self.replay.is_none()), ("identity", self.identity.is_none())]
    }
}

/// Asks the stores.
pub struct Probes {
    ask: Box<dyn Fn() -> BoxFuture<'static, Health> + Send + Sync>,
    under_way: Mutex<Option<Probe>>,
}

struct Probe {
    task: AbortHandle,
    answer: Shared<BoxFuture<'static, Health>>,
}

impl Probes {
    /// Probes of these stores.
    pub fn new(replay: Arc<JtiStore>, identity: Database) -> Self {
        Self::by(move || Box::pin(ask(Arc::clone(&replay), identity.clone())))
    }

    fn by(ask: impl Fn() -> BoxFuture<'static, Health> + Send + Sync + 'static) -> Self {
        Self { ask: Box::new(ask), under_way: Mutex::default() }
    }

    /// How the stores are now.
    pub async fn health(&self) -> Health {
        self.join().await
    }

    /// The probe that is under way, or a new one. It goes on after its callers have given up, so that a store that does
    /// not answer is asked once, not once by each of them.
    fn join(&self) -> Shared<BoxFuture<'static, Health>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(probe) = under_way.as_ref().filter(|probe| !probe.task.is_finished()) {
            return probe.answer.clone();
        }
        let task = tokio::spawn((self.ask)());
        let abort = task.abort_handle();
        let answer = task.map(|ended| ended.unwrap_or_else(|error| mistake(&error))).boxed().shared();
        under_way.insert(Probe { task: abort, answer }).answer.clone()
    }
}

async fn ask(replay: Arc<JtiStore>, identity: Database) -> Health {
    let replay = timeout(TIMEOUT, replay.healthy());
    let identity = timeout(TIMEOUT, identity.ping());
    let (replay, identity) = tokio::join!(replay, identity);
    let late = |store: &str| Some(format!("the {store} is unavailable: no answer within {TIMEOUT:?}"));
    Health {
        replay: match replay {
            Ok(asked) => asked.err().map(|down| format!("the {down}")),
            Err(_) => late("replay store"),
        },
        identity: match identity {
            Ok(asked) => asked.err().map(|down| down.to_string()),
            Err(_) => late("identity database"),
        },
    }
}

/// A probe that panics knows nothing; a store that is not known to answer is not ready.
fn mistake(error: &tokio::task::JoinError) -> Health {
    let unknown = Some(format!("whether a store answers is not known, which is a mistake in this program: {error}"));
    Health { replay: unknown.clone(), identity: unknown }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn down(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// Probes that wait for a word, and their number.
    fn waiting() -> (Probes, Arc<AtomicUsize>, Arc<Notify>) {
        let (begun, word) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (counted, waited) = (Arc::clone(&begun), Arc::clone(&word));
        let probes = Probes::by(move || {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let waited = Arc::clone(&waited);
            Box::pin(async move {
                waited.notified().await;
                Health { replay: None, identity: Some(format!("probe {number}")) }
            })
        });
        (probes, begun, word)
    }

    #[test]
    fn the_verdict_names_every_store_that_is_down() {
        assert_eq!(Health::default().verdict(), Ok(()));
        let one = Health { replay: None, identity: down("i") };
        assert_eq!((one.verdict(), one.stores()), (Err("i".to_owned()), [("replay", true), ("identity", false)]));
        let both = Health { replay: down("r"), identity: down("i") };
        assert_eq!(both.verdict(), Err("r\ni".to_owned()));
    }

    #[tokio::test]
    async fn a_caller_that_comes_during_a_probe_has_its_answer() {
        let (probes, begun, word) = waiting();
        let (one, two) = (probes.join(), probes.join());
        word.notify_one();
        assert_eq!(one.await, two.await);
        assert_eq!(begun.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_later_caller_has_an_answer_of_its_own() {
        let (probes, _, word) = waiting();
        for number in 1..3 {
            word.notify_one();
            assert_eq!(probes.health().await.identity, Some(format!("probe {number}")));
        }
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_no_probe_behind_that_another_one_is_begun_beside() {
        let (probes, begun, word) = waiting();
        for _ in 0..10 {
            assert!(probes.join().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        word.notify_one();
        assert_eq!(probes.health().await.identity, down("probe 1"));
    }

    #[tokio::test]
    async fn an_abandoned_probe_does_not_answer_later_callers() {
        let (probes, _, word) = waiting();
        let given_up = probes.join();
        drop(given_up);
        word.notify_one();
        while !probes.under_way.lock().unwrap().as_ref().unwrap().task.is_finished() {
            tokio::task::yield_now().await;
        }
        word.notify_one();
        assert_eq!(probes.health().await.identity, down("probe 2"));
    }

    #[tokio::test]
    async fn a_probe_that_panics_is_no_good_news_and_is_not_the_last() {
        let probes = Probes::by(|| Box::pin(async { panic!("a mistake") }));
        for _ in 0..2 {
            let health = probes.health().await;
            assert!(health.replay.is_some() && health.identity.is_some(), "{health:?}");
        }
    }
}
