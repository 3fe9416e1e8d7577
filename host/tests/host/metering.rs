//! Calls to the host are metered at their entry, however a component is linked.

use dropins_host::{Engine, FailureKind, Generation, Limits, Verdict};

use crate::fixtures::{EMIT, Fixture, times};
use crate::hand_linked::hand_linked;
use crate::limits::STRICT;
use crate::services::services;
use crate::{ENGINE, authenticated, generation, judged, listener, request};

/// Gets a decoy key.
const DECOY: &str = "(call $decoy (global.get $text) (global.get $text_len) (global.get $answer))";

/// Has that key verify a text of so many bytes.
fn verify(bytes: u32) -> String {
    format!(
        "(call $verify (i32.load offset=4 (global.get $answer)) (global.get $text) (global.get $text_len)
            (i32.const 131072) (i32.const {bytes}) (i32.const 131072) (i32.const 256) (i32.const 256))"
    )
}

/// Verifies so many times in a straight line, without a loop.
fn straight(times: usize, bytes: u32) -> Fixture {
    let body = format!("{DECOY} {} (global.get $authenticated)", verify(bytes).repeat(times));
    Fixture::named("straight").text("RS512").authenticate(&body)
}

async fn hand_linked_generation(engine: &Engine, fixture: &Fixture) -> Generation {
    let plugins = [hand_linked(fixture).validate(engine).await.unwrap()];
    Generation::assemble(engine, services(), &(), 1, &[listener("straight", 0)], &plugins).await.unwrap()
}

async fn verdict(engine: &Engine, fixture: &Fixture) -> Verdict {
    hand_linked_generation(engine, fixture).await.authenticate(&request(&[("token", "x")])).await.verdict
}

#[tokio::test]
async fn a_component_that_is_linked_by_hand_is_a_plug_in_like_others() {
    let generation = hand_linked_generation(&ENGINE, &straight(200, 1 << 10)).await;
    authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
}

#[tokio::test]
async fn calls_in_a_straight_line_are_counted() {
    let limits = Limits { import_calls: Limits::default().import_calls, ..ENGINE.limits().clone() };
    let verdict = verdict(&Engine::new(limits, None).unwrap(), &straight(3_000, 1)).await;
    let Verdict::Failed(FailureKind::ServiceCalls, message) = verdict else { panic!("{verdict:?}") };
    assert!(message.contains("called the host more than 256 times"), "{message}");
}

#[tokio::test]
async fn calls_in_a_straight_line_are_charged() {
    let limits = Limits { import_calls: 100_000, ..Limits::default() };
    let engine = Engine::new(limits, None).unwrap();
    let generation = hand_linked_generation(&engine, &straight(15_000, 32 << 10)).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    assert!(matches!(decision.verdict, Verdict::Failed(FailureKind::Deadline, _)), "{decision:?}");
    assert!(decision.duration < std::time::Duration::from_secs(5), "{:?}", decision.duration);
}

#[tokio::test]
async fn a_text_to_verify_has_at_most_32_kib() {
    assert!(matches!(verdict(&ENGINE, &straight(1, 32 << 10)).await, Verdict::Authenticated(_)));
    let verdict = verdict(&ENGINE, &straight(1, (32 << 10) + 1)).await;
    let Verdict::Failed(FailureKind::Trap, message) = verdict else { panic!("{verdict:?}") };
    assert!(message.contains("verify a text of 32769 bytes; the limit is 32768"), "{message}");
}

#[tokio::test]
async fn a_plug_in_may_call_the_host_256_times_for_a_request_and_no_more() {
    let emitting =
        |count| Fixture::named("emitting").authenticate(&format!("{} (global.get $authenticated)", times(count, EMIT)));
    authenticated(&judged(&STRICT, services(), emitting(256)).await);
    let verdict = judged(&STRICT, services(), emitting(257)).await.verdict;
    assert!(matches!(verdict, Verdict::Failed(FailureKind::ServiceCalls, _)), "{verdict:?}");
}

#[tokio::test]
async fn calls_to_wasi_count_as_well() {
    let stderr = |count| {
        let body = format!("{} (global.get $authenticated)", times(count, "(drop (call $stderr))"));
        Fixture::named("curious").authenticate(&body)
    };
    authenticated(&judged(&STRICT, services(), stderr(256)).await);
    let verdict = judged(&STRICT, services(), stderr(257)).await.verdict;
    assert!(matches!(verdict, Verdict::Failed(..)), "{verdict:?}");
}

#[tokio::test]
async fn filling_memory_in_a_straight_line_is_stopped_at_the_deadline() {
    let fill = "(memory.fill (i32.const 2097152) (i32.const 1) (i32.const 14000000))";
    let body = format!("{DECOY} {} {} (global.get $authenticated)", verify(1), fill.repeat(2_000));
    let filling = Fixture::named("straight").pages(256).text("RS512").authenticate(&body);
    let generation = generation(&STRICT, services(), &[filling]).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    assert!(matches!(decision.verdict, Verdict::Failed(FailureKind::Deadline, _)), "{decision:?}");
    assert!(decision.duration < std::time::Duration::from_secs(2), "{:?}", decision.duration);
}
