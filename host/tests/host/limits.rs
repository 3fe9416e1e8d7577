//! Every limit, from both sides: a plug-in that stays within it, and one that trips it and fails closed.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use dropins_host::services::{KeySource, Services};
use dropins_host::{
    BindError, BreakerState, Candidate, CandidateError, CandidateRefusal, Decision, Engine, Failure, FailureKind,
    Generation, Limits, Verdict, read_folder,
};

use crate::fixtures::{CANDIDATES, Fixture, LOOKUP, LOOP, times};
use crate::log::Log;
use crate::services::{Gate, GatedKeys, Keys, services};
use crate::{ENGINE, authenticated, generation, judged, listener, request, validated};

/// An engine with the deadlines that a server has by default.
pub(crate) static STRICT: LazyLock<Engine> = LazyLock::new(|| Engine::new(Limits::default(), None).unwrap());

/// The failure of a plug-in that must fail.
fn failure(verdict: Verdict) -> (FailureKind, String) {
    match verdict {
        Verdict::Failed(kind, message) => (kind, message),
        other => panic!("it did not fail: {other:?}"),
    }
}

async fn fails(fixture: Fixture) -> (FailureKind, String) {
    failure(judged(&ENGINE, services(), fixture).await.verdict)
}

async fn succeeds(fixture: Fixture) {
    authenticated(&judged(&ENGINE, services(), fixture).await);
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let expected = Limits {
        memory: 16 << 20,
        stack: 512 << 10,
        call_deadline: Duration::from_millis(100),
        load_deadline: Duration::from_millis(500),
        compile_deadline: Duration::from_secs(180),
        call_wall_limit: Duration::from_secs(10),
        service_calls: 32,
        import_calls: 256,
        host_copy: 64 << 10,
        handles: 1_000,
        component_size: 24 << 20,
        log_lines: 32,
        log_bytes: 8 << 10,
        concurrent_calls: 2 * cores * 64,
    };
    assert_eq!(Limits::default(), expected);
}

/// Grows the memory to `pages` of 64 KiB, and traps if that is refused.
fn growing(pages: u32) -> Fixture {
    Fixture::named("growing").authenticate(&format!(
        "(if (i32.eq (memory.grow (i32.sub (i32.const {pages}) (memory.size))) (i32.const -1)) (then (unreachable)))
         (global.get $authenticated)"
    ))
}

#[tokio::test]
async fn memory_up_to_16_mib_is_granted() {
    succeeds(growing(256)).await;
}

#[tokio::test]
async fn memory_beyond_16_mib_is_rejected() {
    let (kind, message) = fails(growing(257)).await;
    assert_eq!(kind, FailureKind::Memory);
    assert!(message.contains("16842752") && message.contains("16777216"), "{message}");
}

#[tokio::test]
async fn a_plug_in_that_eats_all_memory_fails_its_own_request_only() {
    let glutton = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    let glutton = generation(&ENGINE, services(), &[Fixture::named("glutton").authenticate(glutton)]).await;
    for _ in 0..3 {
        let decision = glutton.authenticate(&request(&[("token", "x")])).await;
        assert_eq!(failure(decision.verdict).0, FailureKind::Memory);
    }
    succeeds(Fixture::named("modest")).await;
}

#[tokio::test]
async fn a_plug_in_that_needs_too_much_memory_to_begin_with_is_not_loaded() {
    validated(&ENGINE, &[Fixture::named("large").pages(256)]).await;
    let refused = Fixture::named("too-large").pages(257).candidate().validate(&ENGINE).await.unwrap_err();
    assert!(
        matches!(
            refused.reason,
            CandidateRefusal::Compile(_) | CandidateRefusal::Link(_) | CandidateRefusal::Describe(_)
        ),
        "{refused}"
    );
    assert!(refused.to_string().contains("memory"), "{refused}");
}

/// A plug-in with a second core module that has this many memories of so many pages, and one instance for each memory.
fn with_memories(memories: usize, pages: u32) -> Candidate {
    let component = wasmprinter::print_bytes(Fixture::named("roomy").component()).unwrap();
    let module = format!("(core module $room (memory {pages}))");
    let instances = "(core instance (instantiate $room))".repeat(memories);
    let inside = component.trim().strip_prefix("(component").unwrap();
    Candidate::new("roomy.wasm", wat::parse_str(format!("(component {module} {instances} {inside}")).unwrap())
}

#[tokio::test]
async fn a_component_has_four_memories_that_count_together() {
    // The fixture has one of 4 pages itself.
    with_memories(3, 84).validate(&ENGINE).await.unwrap();
    for refused in [with_memories(4, 1), with_memories(3, 85)] {
        let refused = refused.validate(&ENGINE).await.unwrap_err();
        assert!(refused.to_string().contains("memor"), "{refused}");
    }
}

#[tokio::test]
async fn a_component_has_64_core_instances() {
    let with_instances = |count: usize| {
        let component = wasmprinter::print_bytes(Fixture::named("linked").component()).unwrap();
        let instances = "(core instance (instantiate $empty))".repeat(count);
        let inside = component.trim().strip_prefix("(component").unwrap();
        let text = format!("(component (core module $empty) {instances} {inside}");
        Candidate::new("linked.wasm", wat::parse_str(text).unwrap())
    };
    // The fixture has one itself.
    with_instances(63).validate(&ENGINE).await.unwrap();
    let refused = with_instances(64).validate(&ENGINE).await.unwrap_err();
    assert!(refused.to_string().contains("instance"), "{refused}");
}

fn recursing(depth: u32) -> Fixture {
    Fixture::named("recursing")
        .functions(
            "(func $down (param $left i32) (result i32)
                (if (result i32) (local.get $left)
                    (then (i32.add (i32.const 1) (call $down (i32.sub (local.get $left) (i32.const 1)))))
                    (else (i32.const 0))))",
        )
        .authenticate(&format!("(drop (call $down (i32.const {depth}))) (global.get $authenticated)"))
}

#[tokio::test]
async fn the_stack_is_deep_enough_for_thousands_of_calls() {
    succeeds(recursing(5_000)).await;
}

#[tokio::test]
async fn recursion_without_end_is_a_trap() {
    let (kind, message) = fails(recursing(u32::MAX)).await;
    assert_eq!(kind, FailureKind::Trap);
    assert!(message.contains("stack"), "{message}");
}

#[tokio::test]
async fn a_plug_in_that_computes_forever_is_stopped_at_its_deadline() {
    let started = std::time::Instant::now();
    let looping = Fixture::named("looping").authenticate(LOOP);
    let decision = judged(&STRICT, services(), looping).await;
    assert_eq!(failure(decision.verdict).0, FailureKind::Deadline);
    assert!(decision.duration >= Duration::from_millis(100), "{:?}", decision.duration);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_plug_in_that_answers_in_time_is_not_stopped() {
    authenticated(&judged(&STRICT, services(), Fixture::named("quick")).await);
}

#[tokio::test]
async fn time_in_the_host_does_not_count() {
    let keys: Arc<dyn KeySource> = Arc::new(Keys { delay: Duration::from_millis(300), down: false });
    let patient = format!("{CANDIDATES} {CANDIDATES} (global.get $authenticated)");
    let services = Services { keys, ..services() };
    let decision = judged(&STRICT, services, Fixture::named("patient").authenticate(&patient)).await;
    authenticated(&decision);
    assert!(decision.duration >= Duration::from_millis(600), "{:?}", decision.duration);
}

#[tokio::test]
async fn time_around_a_host_call_does_count() {
    let keys: Arc<dyn KeySource> = Arc::new(Keys { delay: Duration::from_millis(300), down: false });
    let services = Services { keys, ..services() };
    let looping = Fixture::named("looping").authenticate(&format!("{CANDIDATES} {LOOP}"));
    assert_eq!(failure(judged(&STRICT, services, looping).await.verdict).0, FailureKind::Deadline);
}

/// Asks a key source that takes four seconds so many times.
async fn waiting(times: usize) -> (Verdict, Generation) {
    let keys: Arc<dyn KeySource> = Arc::new(Keys { delay: Duration::from_secs(4), down: false });
    let asks = vec![CANDIDATES; times].join(" ");
    let waiting = Fixture::named("waiting").authenticate(&format!("{asks} (global.get $authenticated)"));
    let generation = generation(&ENGINE, Services { keys, ..services() }, &[waiting]).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    (decision.verdict, generation)
}

#[tokio::test(start_paused = true)]
async fn a_request_may_wait_for_services_for_ten_seconds() {
    assert!(matches!(waiting(2).await.0, Verdict::Authenticated(_)));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_longer_is_unavailable_and_the_plug_in_is_not_blamed() {
    let (verdict, generation) = waiting(3).await;
    assert_eq!(verdict, Verdict::Unavailable("it was not done after 10s, waiting for the key source".to_owned()));
    for _ in 0..10 {
        let decision = generation.authenticate(&request(&[("token", "x")])).await;
        assert!(matches!(decision.verdict, Verdict::Unavailable(_)), "{decision:?}");
        assert_eq!(decision.plugin.unwrap().name, "waiting");
    }
    let handler = &generation.handlers()[0];
    assert_eq!((handler.breaker(), handler.counters().failures()), (BreakerState::Closed, 0));
    assert_eq!(generation.in_flight(), 0);
}

/// Looks a client up so many times.
fn asking(times_over: u32) -> Fixture {
    let body = format!("{} (global.get $authenticated)", times(times_over, LOOKUP));
    Fixture::named("asking").authenticate(&body)
}

#[tokio::test]
async fn a_plug_in_may_ask_services_thirty_two_times() {
    succeeds(asking(32)).await;
}

#[tokio::test]
async fn a_plug_in_that_asks_once_more_has_failed() {
    let (kind, message) = fails(asking(33)).await;
    assert_eq!(kind, FailureKind::ServiceCalls);
    assert!(message.contains("more than 32 times (`service_calls` in [limits])"), "{message}");
}

#[tokio::test]
async fn a_plug_in_that_wants_to_sleep_is_a_trap() {
    let sleepy = "(call $block (call $subscribe (i64.const 3600000000000))) (global.get $authenticated)";
    let (kind, message) = fails(Fixture::named("sleepy").authenticate(sleepy)).await;
    assert_eq!(kind, FailureKind::Trap);
    assert!(message.contains("the clocks of a plug-in stand still"), "{message}");
}

#[tokio::test]
async fn a_description_that_never_comes_is_not_waited_for() {
    let refused = Fixture::named("silent").describe(LOOP).candidate().validate(&STRICT).await.unwrap_err();
    assert!(matches!(&refused.reason, CandidateRefusal::Describe(Failure::Deadline(_))), "{refused}");
    assert!(refused.reason.is_transient(), "a machine may have been too busy");
}

#[tokio::test]
async fn a_configuration_check_that_never_ends_is_not_waited_for() {
    let plugins = validated(&STRICT, &[Fixture::named("brooding").check_config(LOOP)]).await;
    let bound = Generation::assemble(&STRICT, services(), &(), 1, &[listener("brooding", 0)], &plugins).await;
    let errors = bound.err().unwrap();
    assert!(
        matches!(&errors[..], [BindError::Canary { failure, .. }] if failure.found.contains("deadline") && failure.transient),
        "{errors:?}"
    );
}

/// Where the memory of a fixture holds nothing but zeros.
const ZEROS: u32 = 128 << 10;

/// Passes `bytes` bytes to one host call.
fn shouting(bytes: u32) -> Fixture {
    Fixture::named("shouting").pages(40).authenticate(&format!(
        "(call $lookup (i32.const {ZEROS}) (i32.const {bytes}) (global.get $answer)) (global.get $authenticated)"
    ))
}

#[tokio::test]
async fn a_host_call_copies_up_to_64_kib() {
    succeeds(shouting((64 << 10) - 1024)).await;
}

#[tokio::test]
async fn a_host_call_copies_no_more_than_that() {
    let (kind, message) = fails(shouting((64 << 10) + 1)).await;
    assert_eq!(kind, FailureKind::Trap);
    assert!(message.contains("fuel"), "{message}");
}

/// Refuses with `bytes` bytes of detail.
fn rambling(bytes: u32) -> Fixture {
    Fixture::named("rambling").pages(40).authenticate(&format!(
        "(i32.store offset=20 (global.get $rejected) (i32.const {ZEROS}))
         (i32.store offset=24 (global.get $rejected) (i32.const {bytes})) (global.get $rejected)"
    ))
}

#[tokio::test]
async fn an_answer_is_copied_under_the_same_limit() {
    let decision = judged(&ENGINE, services(), rambling((64 << 10) - 1024)).await;
    let Verdict::Rejected(rejection) = decision.verdict else { panic!("{decision:.100?}") };
    assert!(rejection.detail.len() < 32 << 10, "a log line is no place for 64 KiB: {}", rejection.detail.len());
    let (kind, message) = fails(rambling((64 << 10) + 1)).await;
    assert_eq!(kind, FailureKind::Trap);
    assert!(message.contains("fuel"), "{message}");
}

/// Asks for keys and keeps every handle.
fn hoarding(handles: u32) -> Fixture {
    let decoy = "(call $decoy (global.get $text) (global.get $text_len) (global.get $answer))
        (if (i32.eqz (i32.load8_u (global.get $answer))) (then (unreachable)))";
    let body = times(handles, decoy);
    Fixture::named("hoarding").text("RS256").authenticate(&format!("{body} (global.get $authenticated)"))
}

#[tokio::test]
async fn a_thousand_handles_are_granted() {
    succeeds(hoarding(1_000)).await;
}

#[tokio::test]
async fn one_handle_more_is_a_trap() {
    assert_eq!(fails(hoarding(1_001)).await.0, FailureKind::Trap);
}

#[tokio::test]
async fn handles_that_are_dropped_do_not_count() {
    let decoy = "(call $decoy (global.get $text) (global.get $text_len) (global.get $answer))
        (call $drop_key (i32.load offset=4 (global.get $answer)))";
    let body = times(5_000, decoy);
    succeeds(Fixture::named("tidy").text("RS256").authenticate(&format!("{body} (global.get $authenticated)"))).await;
}

#[test]
fn a_component_may_be_as_large_as_the_limit_and_no_larger() {
    let folder = tempfile::tempdir().unwrap();
    let component = Fixture::named("sized").component();
    std::fs::write(folder.path().join("sized.wasm"), &component).unwrap();
    let size = component.len() as u64;
    let read = |limit| read_folder(folder.path(), limit).unwrap().remove(0);
    assert_eq!(read(size).map(|candidate: Candidate| candidate.size()).unwrap() as u64, size);
    assert!(matches!(read(size - 1), Err(CandidateError { reason: CandidateRefusal::Size { .. }, .. })));
}

#[cfg(unix)]
#[test]
fn a_component_must_be_a_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("endless.wasm")).unwrap();
    let refused = read_folder(folder.path(), Limits::default().component_size).unwrap().remove(0);
    assert!(matches!(refused, Err(CandidateError { reason: CandidateRefusal::NotAFile, .. })));
}

/// The lines that a plug-in logs when it emits `text` so many times.
async fn logged(text: &str, count: u32) -> Vec<String> {
    let emit = "(call $emit (i32.const 2) (global.get $text) (global.get $text_len))";
    let body = format!("{} (global.get $authenticated)", times(count, emit));
    let chatty = Fixture::named("chatty").text(text).authenticate(&body);
    let generation = generation(&ENGINE, services(), &[chatty]).await;
    let log = Log::of_this_thread();
    authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
    log.lines()
}

#[tokio::test]
async fn thirty_two_lines_are_logged_with_the_name_of_the_plug_in() {
    let lines = logged("something odd", 32).await;
    assert_eq!(lines.len(), 32);
    assert!(
        lines.iter().all(|line| line.contains("WARN") && line.contains("something odd") && line.contains("chatty"))
    );
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_and_counted() {
    let lines = logged("something odd", 10_000).await;
    assert_eq!(lines.iter().filter(|line| line.contains("something odd")).count(), 32);
    assert!(lines.last().unwrap().contains("dropped=9968"), "{lines:?}");
}

#[tokio::test]
async fn a_flood_of_bytes_is_cut_and_counted() {
    let lines = logged(&"x".repeat(3 << 10), 4).await;
    assert_eq!(lines.iter().filter(|line| line.contains("xxx")).count(), 2, "8 KiB hold two lines of 3 KiB");
    assert!(lines.last().unwrap().contains("dropped=2"));
}

#[tokio::test]
async fn a_line_cannot_forge_another_one() {
    let lines = logged("good\n2026-01-01 ERROR forged\u{1b}[2J", 1).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains('\u{1b}'));
}

#[tokio::test]
async fn the_message_of_a_trap_is_bounded_whatever_functions_are_called() {
    let name = "f".repeat(50_000);
    let functions = format!("(func ${name} (unreachable))");
    let named = Fixture::named("named").functions(&functions).authenticate(&format!("(call ${name}) (unreachable)"));
    let (kind, message) = fails(named).await;
    assert_eq!(kind, FailureKind::Trap);
    assert!(message.len() < 8 << 10, "{}", message.len());
}

/// Asks the key source, if the request has the form parameter `token`; other plug-ins of it read `other`.
fn waiting_for_keys() -> [Fixture; 2] {
    let waiting = Fixture::named("waiting").authenticate(&format!("{CANDIDATES} (global.get $authenticated)"));
    [waiting, Fixture::named("another").reads(&["form:other"])]
}

/// A generation with room for so many requests that run, whose key source stops at a gate.
async fn gated(concurrent_calls: usize) -> (Engine, Arc<Generation>, Arc<Gate>) {
    let engine = Engine::new(Limits { concurrent_calls, ..ENGINE.limits().clone() }, None).unwrap();
    let gate = Gate::shut();
    let services = Services { keys: Arc::new(GatedKeys(Arc::clone(&gate))), ..services() };
    let generation = Arc::new(generation(&engine, services, &waiting_for_keys()).await);
    (engine, generation, gate)
}

fn post(generation: &Arc<Generation>, field: &'static str) -> tokio::task::JoinHandle<Decision> {
    let generation = Arc::clone(generation);
    tokio::spawn(async move { generation.authenticate(&request(&[(field, "x")])).await })
}

/// So many requests that wait for keys.
async fn filled(count: usize, generation: &Arc<Generation>, gate: &Gate) -> Vec<tokio::task::JoinHandle<Decision>> {
    let mut inside = Vec::new();
    for _ in 0..count {
        inside.push(post(generation, "token"));
        gate.caller().await;
    }
    inside
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_limit_are_rejected_at_once_and_the_others_finish() {
    let (engine, generation, gate) = gated(2).await;
    // Four times as many as may run: a request that waits for keys does not run.
    let inside = filled(8, &generation, &gate).await;
    assert_eq!(engine.in_flight(), 8);
    let decision = post(&generation, "token").await.unwrap();
    assert_eq!(decision.verdict, Verdict::Overloaded);
    assert_eq!(decision.plugin.unwrap().name, "waiting");

    gate.open();
    for post in inside {
        authenticated(&post.await.unwrap());
    }
    assert_eq!(engine.in_flight(), 0);
    authenticated(&post(&generation, "token").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_for_a_service_take_no_place_of_another_plug_in() {
    let (_engine, generation, gate) = gated(1).await;
    let inside = filled(4, &generation, &gate).await;
    assert_eq!(post(&generation, "token").await.unwrap().verdict, Verdict::Overloaded);
    authenticated(&post(&generation, "other").await.unwrap());
    gate.open();
    for post in inside {
        authenticated(&post.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_beyond_those_that_run_is_rejected_at_once() {
    let limits = Limits { concurrent_calls: 1, call_deadline: Duration::from_secs(2), ..ENGINE.limits().clone() };
    let engine = Engine::new(limits, None).unwrap();
    let looping = Fixture::named("looping").authenticate(LOOP);
    let generation = Arc::new(generation(&engine, services(), &[looping]).await);
    let running = post(&generation, "token");
    let given_up = std::time::Instant::now() + Duration::from_secs(30);
    while engine.in_flight() == 0 && std::time::Instant::now() < given_up {
        tokio::task::yield_now().await;
    }
    assert_eq!(post(&generation, "token").await.unwrap().verdict, Verdict::Overloaded);
    assert_eq!(failure(running.await.unwrap().verdict).0, FailureKind::Deadline);
}
