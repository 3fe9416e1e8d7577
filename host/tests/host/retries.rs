//! What the replay store learns of a request that may be repeated, from the host and then from the embedder.

use std::sync::Arc;
use std::time::Duration;

use dropins_host::services::{Attempted, MAX_RETRY_WINDOW, Memory, ReplayStore, Services, Unavailable, Use};
use dropins_host::{Decision, Generation, Request, Verdict};

use crate::fixtures::{Condition, Fixture, ONCE};
use crate::services::{Ledger, NOW, services};
use crate::{ENGINE, authenticated, generation, request};

/// A plug-in that asks for a retry window of so many seconds.
fn asking_for(seconds: u32) -> Fixture {
    let unused = Condition::Unused { identifier: "client", expires_at: NOW + 300, retry_window: seconds };
    Fixture::named("asking").conditions(&[unused]).authenticate(ONCE)
}

async fn asking(seconds: u32, replay: &Arc<Ledger>) -> Generation {
    let services = Services { replay: Arc::clone(replay) as Arc<_>, ..services() };
    generation(&ENGINE, services, &[asking_for(seconds)]).await
}

/// The use of this request, and what the decision says about it.
async fn remembered(seconds: u32, request: &Request) -> (Use, Decision) {
    let replay = Arc::new(Ledger::default());
    let decision = asking(seconds, &replay).await.authenticate(request).await;
    (replay.remembered().pop().unwrap(), decision)
}

#[tokio::test]
async fn without_a_window_a_use_has_no_attempt() {
    let (used, decision) = remembered(0, &request(&[("token", "x")])).await;
    authenticated(&decision);
    assert_eq!((used.attempt, decision.evidence.attempted), (None, None));
}

#[tokio::test]
async fn a_window_makes_the_request_an_attempt_and_has_a_maximum() {
    for (seconds, window) in [(1, 1), (300, 300), (301, 300), (u32::MAX, 300)] {
        let (used, decision) = remembered(seconds, &request(&[("token", "x")])).await;
        let window = Duration::from_secs(window);
        assert!(window <= MAX_RETRY_WINDOW);
        assert_eq!(used.attempt.unwrap().window, window, "{seconds}");
        assert_eq!(decision.evidence.attempted, Some(Attempted { used, first: true }));
    }
}

#[tokio::test]
async fn the_same_request_is_the_same_attempt_and_a_parameter_that_no_plug_in_sees_makes_another() {
    let digest = async |form| remembered(9, &request(form)).await.0.attempt.unwrap().digest;
    let one = digest(&[("token", "x"), ("scope", "read")]).await;
    assert_eq!(digest(&[("token", "x"), ("scope", "read")]).await, one);
    assert_ne!(digest(&[("token", "x"), ("scope", "write")]).await, one);
}

#[tokio::test]
async fn a_use_that_was_seen_leaves_none_and_an_unknown_outcome_is_no_first_use() {
    let replay = Arc::new(Ledger::default());
    let generation = asking(9, &replay).await;
    generation.authenticate(&request(&[("token", "x")])).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    assert_eq!(decision.evidence.attempted, None);

    let replay = Arc::new(Ledger::down());
    let decision = asking(9, &replay).await.authenticate(&request(&[("token", "x")])).await;
    assert!(matches!(decision.verdict, Verdict::Unavailable(_)));
    assert!(!decision.evidence.attempted.unwrap().first);
}

#[tokio::test]
async fn an_explanation_is_no_attempt() {
    let replay = Arc::new(Ledger::default());
    let decision = asking(9, &replay).await.explain(&request(&[("token", "x")])).await;
    assert_eq!(decision.evidence.attempted, None);
    assert_eq!(replay.peeked().pop().unwrap().attempt, None);
}

/// A store that never answers.
struct Silent;

#[async_trait::async_trait]
impl ReplayStore for Silent {
    async fn remember(&self, _used: Use) -> Result<Memory, Unavailable> {
        std::future::pending().await
    }

    async fn peek(&self, _used: Use) -> Result<Memory, Unavailable> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_became_of_a_use_that_was_given_up_half_way_is_unknown() {
    let services = Services { replay: Arc::new(Silent), ..services() };
    let generation = generation(&ENGINE, services, &[asking_for(9)]).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    let expected = "it was not done after 10s, waiting for the replay store".to_owned();
    assert_eq!(decision.verdict, Verdict::Unavailable(expected));
    assert!(matches!(decision.evidence.attempted, Some(Attempted { first: false, .. })));
}
