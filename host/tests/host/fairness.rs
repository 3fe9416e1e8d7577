//! Plug-ins that compute forever, and requests that come meanwhile on the same thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dropins_host::{CandidateRefusal, Engine, FailureKind, Generation, Isolation, Listener, Verdict};

use crate::fixtures::{Fixture, LOOP};
use crate::limits::STRICT;
use crate::services::services;
use crate::{authenticated, generation, judged, listener, request, validated};

fn looping() -> Fixture {
    Fixture::named("looping").authenticate(LOOP)
}

#[track_caller]
fn is_too_late(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Failed(FailureKind::Deadline, _)), "{verdict:?}");
}

/// Has this generation judge a request that ends at its deadline, and a healthy one a request that comes meanwhile.
async fn is_overtaken(looping: Generation) {
    let quick = generation(&STRICT, services(), &[Fixture::named("quick")]).await;
    let late = tokio::spawn(async move { looping.authenticate(&request(&[("token", "x")])).await });
    // A timer is noticed in the same way as a new connection.
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(STRICT.in_flight() > 0, "it computes");
    authenticated(&quick.authenticate(&request(&[("token", "x")])).await);
    assert!(!late.is_finished());
    is_too_late(&late.await.unwrap().verdict);
}

#[tokio::test]
async fn a_request_that_comes_while_a_plug_in_computes_forever_is_answered_first() {
    is_overtaken(generation(&STRICT, services(), &[looping()]).await).await;
    let plugins = validated(&STRICT, &[looping()]).await;
    let entry = Listener { isolation: Isolation::Pooled, ..listener("looping", 0) };
    is_overtaken(Generation::assemble(&STRICT, services(), &(), 1, &[entry], &plugins).await.unwrap()).await;
    let claiming = format!("(if (local.get $form_len) (then {LOOP})) (i32.const 0)");
    is_overtaken(generation(&STRICT, services(), &[looping().can_authenticate(&claiming)]).await).await;
}

#[tokio::test]
async fn plug_ins_that_share_a_thread_are_charged_for_their_own_computing_only() {
    let generation = Arc::new(generation(&STRICT, services(), &[looping()]).await);
    let began = Instant::now();
    let post = || {
        let generation = Arc::clone(&generation);
        tokio::spawn(async move { generation.authenticate(&request(&[("token", "x")])).await })
    };
    for request in [post(), post(), post(), post()] {
        is_too_late(&request.await.unwrap().verdict);
    }
    assert!(began.elapsed() >= Duration::from_millis(400), "four times the deadline: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_request_that_is_given_up_while_its_plug_in_computes_takes_nothing_with_it() {
    let engine = Engine::new(STRICT.limits().clone(), None).unwrap();
    let looping = generation(&engine, services(), &[looping()]).await;
    let given_up = tokio::spawn(async move { looping.authenticate(&request(&[("token", "x")])).await });
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(engine.in_flight(), 1);
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    assert_eq!(engine.in_flight(), 0);
    authenticated(&judged(&engine, services(), Fixture::named("quick")).await);
}

#[tokio::test]
async fn a_loop_before_and_after_the_call_itself_is_stopped_as_well() {
    let beginning = Fixture::named("beginning").functions(&format!("(func $begin {LOOP}) (start $begin)"));
    let refused = beginning.candidate().validate(&STRICT).await.unwrap_err();
    assert!(matches!(&refused.reason, CandidateRefusal::Describe(failure) if failure.is_transient()), "{refused}");

    let export = "cabi_post_dropins:client-auth/client-authenticator@0.2.0#authenticate";
    let ending = format!("(func (export \"{export}\") (param i32) {LOOP})");
    // Garbage is refused by the same export: the canary would find it.
    let ending = Fixture::named("ending").functions(&ending).can_authenticate(
        "(i32.and (local.get $form_len) (i32.lt_u (i32.load offset=12 (local.get $form)) (i32.const 2)))",
    );
    let plugins = validated(&STRICT, &[ending]).await;
    let errors = Generation::assemble(&STRICT, services(), &(), 1, &[listener("ending", 0)], &plugins).await.err();
    let errors = errors.unwrap();
    assert!(errors[0].is_transient() && errors[0].to_string().contains("deadline"), "{errors:?}");
}
