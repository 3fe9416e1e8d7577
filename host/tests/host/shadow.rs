//! A candidate beside the live plug-in: compared on live requests, without any effect on them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dropins_host::services::Services;
use dropins_host::{Candidate, Generation, Listener, Request, Shadow, ShadowCounts, ShadowError, Validated, Verdict};

use crate::fixtures::{CANDIDATES, Fixture, ONCE};
use crate::services::{Gate, GatedKeys, Ledger, services};
use crate::{ENGINE, authenticated, listener, request, validated};

const FILE: &str = "candidate.wasm";

/// Accepts every token once.
fn live() -> Fixture {
    Fixture::named("live").authenticate(ONCE)
}

async fn candidate(bytes: Vec<u8>) -> Validated {
    Candidate::new(FILE, bytes).validate(&ENGINE).await.unwrap()
}

fn shadowed() -> Listener {
    Listener { shadow: Some(FILE.to_owned()), ..listener("live", 0) }
}

/// The live plug-in with this one of the same name beside it.
async fn beside(services: Services, candidate_bytes: Vec<u8>) -> Generation {
    let mut plugins = validated(&ENGINE, &[live()]).await;
    plugins.push(candidate(candidate_bytes).await);
    Generation::assemble(&ENGINE, services, &(), 1, &[shadowed()], &plugins).await.unwrap()
}

/// Other bytes that mean the same: a custom section is added.
fn same(fixture: &Fixture) -> Vec<u8> {
    [fixture.component(), vec![0, 3, 1, b'x', 0]].concat()
}

fn shadow(generation: &Generation) -> &Shadow {
    generation.handlers()[0].shadow().unwrap().unwrap()
}

/// Waits until the shadow has dealt with this many requests.
async fn counts(generation: &Generation, total: u64) -> ShadowCounts {
    let began = Instant::now();
    loop {
        let counts = shadow(generation).counts();
        if counts.same + counts.different + counts.failed + counts.skipped == total {
            return counts;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{counts:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn post(reference: &str) -> Request {
    Request { reference: reference.to_owned(), ..request(&[("token", "x")]) }
}

#[tokio::test]
async fn a_candidate_that_decides_alike_is_the_same_even_about_a_replay() {
    let replay = Arc::new(Ledger::default());
    let services = Services { replay: replay.clone(), ..services() };
    let generation = beside(services, same(&live())).await;
    authenticated(&generation.authenticate(&post("first")).await);
    counts(&generation, 1).await;
    assert!(matches!(generation.authenticate(&post("again")).await.verdict, Verdict::Rejected(_)));
    assert_eq!(counts(&generation, 2).await, ShadowCounts { same: 2, ..ShadowCounts::default() });
    assert_eq!(replay.remembered().len(), 2, "both by the live plug-in");
    assert_eq!(shadow(&generation).differences(), []);
    assert_ne!(shadow(&generation).id().digest, generation.handlers()[0].id().digest);
}

#[tokio::test]
async fn a_candidate_that_decides_otherwise_is_counted_and_kept_with_the_reference() {
    let refuses = Fixture::named("live").authenticate("(global.get $rejected)").component();
    let generation = beside(services(), refuses).await;
    authenticated(&generation.authenticate(&post("REF1")).await);
    assert_eq!(counts(&generation, 1).await, ShadowCounts { different: 1, ..ShadowCounts::default() });
    let [difference] = &shadow(&generation).differences()[..] else { panic!() };
    assert_eq!(difference.reference, "REF1");
    assert_eq!(difference.live.to_string(), "authenticated (client)");
    assert_eq!(difference.candidate.to_string(), "rejected (fixture-says-no)");
    let words = serde_json::to_string(difference).unwrap();
    assert!(!words.contains("a line"), "the words of a rejection are not kept: {words}");
}

#[tokio::test]
async fn a_candidate_that_fails_harms_no_request_and_is_not_asked_forever() {
    let traps = Fixture::named("live").authenticate("(unreachable)").component();
    let open = Services { replay: Arc::new(Ledger::default()), ..services() };
    let generation = beside(open, traps).await;
    for total in 1..=6 {
        assert!(!matches!(generation.authenticate(&post("x")).await.verdict, Verdict::Failed(..)));
        counts(&generation, total).await;
    }
    assert_eq!(shadow(&generation).counts(), ShadowCounts { failed: 5, skipped: 1, ..ShadowCounts::default() });
    let handler = &generation.handlers()[0];
    assert_eq!((handler.counters().calls(), handler.counters().failures()), (6, 0));
    assert_eq!(shadow(&generation).differences()[0].candidate.to_string(), "failed (trap)");
}

#[tokio::test]
async fn a_busy_candidate_is_skipped_and_no_request_waits_for_it() {
    let gate = Gate::shut();
    let keys = Arc::new(GatedKeys(Arc::clone(&gate)));
    let slow = Fixture::named("live").authenticate(&format!("{CANDIDATES} {ONCE}"));
    let generation = beside(Services { keys, ..services() }, slow.component()).await;
    for _ in 0..5 {
        generation.authenticate(&post("x")).await;
    }
    assert_eq!(generation.in_flight(), 0, "the requests are answered");
    let skipped = ShadowCounts { skipped: 3, ..ShadowCounts::default() };
    assert_eq!(shadow(&generation).counts(), skipped, "two are being looked at");
    gate.open();
    assert_eq!(counts(&generation, 5).await, ShadowCounts { same: 2, skipped: 3, ..ShadowCounts::default() });
}

#[tokio::test]
async fn an_explanation_and_a_request_of_other_signals_are_not_shown_to_it() {
    let generation = beside(services(), same(&live())).await;
    authenticated(&generation.explain(&post("x")).await);
    generation.authenticate(&request(&[("code", "x")])).await;
    authenticated(&generation.authenticate(&post("x")).await);
    assert_eq!(counts(&generation, 1).await.same, 1);
}

#[tokio::test]
async fn a_shadow_is_not_ambiguous() {
    let generation = beside(services(), same(&live())).await;
    assert_eq!(generation.handlers()[0].file(), "live.wasm");
    assert_eq!(shadow(&generation).file(), FILE);
}

#[tokio::test]
async fn a_broken_shadow_is_a_warning_and_the_live_plug_in_serves() {
    let plugins = validated(&ENGINE, &[live()]).await;
    let generation = Generation::assemble(&ENGINE, services(), &(), 1, &[shadowed()], &plugins).await.unwrap();
    let handler = &generation.handlers()[0];
    let missing = ShadowError::Missing { file: FILE.to_owned() };
    assert_eq!(handler.shadow().unwrap().err(), Some(&missing));
    assert_eq!(handler.warnings(), [missing.to_string()]);
    authenticated(&generation.authenticate(&post("x")).await);

    let traps = Fixture::named("live").check_config("(unreachable)").component();
    let generation = beside(services(), traps).await;
    let broken = generation.handlers()[0].shadow().unwrap().err();
    assert!(matches!(broken, Some(ShadowError::Failed { failure, .. }) if failure.contains("trapped")), "{broken:?}");
}
