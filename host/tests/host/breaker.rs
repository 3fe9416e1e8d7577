//! A plug-in that keeps failing is not asked until it recovers; no other plug-in takes over for it.

use std::time::Duration;

use dropins_host::{BreakerState, Decision, FailureKind, Generation, Verdict};
use tokio::time::advance;

use crate::fixtures::Fixture;
use crate::log::Log;
use crate::services::services;
use crate::{ENGINE, authenticated, generation, request};

/// Traps on a token of two bytes.
fn flaky(name: &str) -> Fixture {
    Fixture::named(name).authenticate(
        "(if (i32.eq (i32.load offset=12 (local.get $form)) (i32.const 2)) (then (unreachable)))
         (global.get $authenticated)",
    )
}

async fn post(generation: &Generation, token: &str) -> Decision {
    generation.authenticate(&request(&[("token", token)])).await
}

#[track_caller]
fn failed(decision: &Decision) -> FailureKind {
    match &decision.verdict {
        Verdict::Failed(kind, _) => *kind,
        other => panic!("it did not fail: {other:?}"),
    }
}

/// A generation whose first handler has an open breaker.
async fn open(fixtures: &[Fixture]) -> Generation {
    let generation = generation(&ENGINE, services(), fixtures).await;
    for _ in 0..5 {
        authenticated(&post(&generation, "x").await);
        assert_eq!(failed(&post(&generation, "xx").await), FailureKind::Trap);
    }
    generation
}

#[tokio::test(start_paused = true)]
async fn after_five_traps_requests_are_answered_at_once_and_closed() {
    let generation = open(&[flaky("flaky")]).await;
    let handler = &generation.handlers()[0];
    assert_eq!(handler.breaker(), BreakerState::Open { retry_in_ms: 1_000 });
    let refused = post(&generation, "x").await;
    assert_eq!(failed(&refused), FailureKind::BreakerOpen);
    assert_eq!(refused.plugin.as_ref(), Some(handler.id()));
    let counters = handler.counters();
    assert_eq!((counters.calls(), counters.failures(), counters.refused()), (11, 5, 1));
    assert!(matches!(counters.last_failure(), Some((FailureKind::Trap, _))));
}

#[tokio::test(start_paused = true)]
async fn four_traps_are_endured() {
    let generation = generation(&ENGINE, services(), &[flaky("flaky")]).await;
    for _ in 0..4 {
        post(&generation, "xx").await;
    }
    authenticated(&post(&generation, "x").await);
    advance(Duration::from_secs(31)).await;
    post(&generation, "xx").await;
    authenticated(&post(&generation, "x").await);
    assert_eq!(generation.handlers()[0].breaker(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn one_request_tries_again_after_a_growing_while_and_a_success_closes() {
    let log = Log::of_this_thread();
    let generation = open(&[flaky("flaky")]).await;
    let digest = generation.handlers()[0].id().digest.to_string();
    advance(Duration::from_secs(1)).await;
    assert_eq!(failed(&post(&generation, "xx").await), FailureKind::Trap);
    advance(Duration::from_millis(1_999)).await;
    assert_eq!(failed(&post(&generation, "x").await), FailureKind::BreakerOpen);
    advance(Duration::from_millis(1)).await;
    authenticated(&post(&generation, "x").await);
    assert_eq!(generation.handlers()[0].breaker(), BreakerState::Closed);
    authenticated(&post(&generation, "x").await);

    let lines = log.lines();
    let transitions: Vec<_> = lines.iter().filter(|line| line.contains("the breaker")).collect();
    let expected = ["refused for 1 s", "to try", "refused for 2 s", "to try", "is closed"];
    assert_eq!(transitions.len(), expected.len(), "one line for each: {transitions:#?}");
    for (line, text) in transitions.iter().zip(expected) {
        assert!(line.contains(text) && line.contains("flaky") && line.contains(&digest), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_plug_in_does_not_claim_closes_nothing() {
    let claims = "(i32.and (local.get $form_len) (i32.ne (i32.load offset=12 (local.get $form)) (i32.const 3)))";
    let generation = open(&[flaky("flaky").can_authenticate(claims)]).await;
    advance(Duration::from_secs(1)).await;
    assert_eq!(post(&generation, "xxx").await.verdict, Verdict::NoMethod);
    assert_eq!(generation.handlers()[0].breaker(), BreakerState::Open { retry_in_ms: 0 });
    assert_eq!(failed(&post(&generation, "xx").await), FailureKind::Trap);
    assert_eq!(generation.handlers()[0].breaker(), BreakerState::Open { retry_in_ms: 2_000 });
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_stops_the_requests_of_its_own_signals_only() {
    let other = Fixture::named("other").reads(&["form:code"]);
    let generation = open(&[flaky("flaky"), other]).await;
    assert_eq!(failed(&post(&generation, "x").await), FailureKind::BreakerOpen);
    authenticated(&generation.authenticate(&request(&[("code", "x")])).await);
}

#[tokio::test(start_paused = true)]
async fn no_plug_in_takes_over_for_a_plug_in_whose_breaker_is_open() {
    // It would claim what the other one claims, and authenticate it.
    let shy = "(i32.eq (i32.load offset=12 (local.get $form)) (i32.const 3))";
    let generation = open(&[flaky("flaky"), Fixture::named("eager").can_authenticate(shy)]).await;
    let decision = post(&generation, "xxx").await;
    assert_eq!(failed(&decision), FailureKind::BreakerOpen);
    assert_eq!(decision.plugin.unwrap().name, "flaky");
}
