//! Which plug-ins are asked, in which order, and what happens when not exactly one claims a request.

use std::sync::Arc;

use dropins_host::services::Services;
use dropins_host::{FailureKind, Generation, Request, Verdict};

use crate::fixtures::{CANDIDATES, Fixture, LOOKUP, ONCE};
use crate::services::{Directory, Keys, Ledger, services};
use crate::{ENGINE, authenticated, generation, judged, listener, request, validated};

const YES: &str = "(i32.const 1)";

/// A plug-in that authenticates on the condition that an identifier is unused.
fn remembering(name: &str) -> Fixture {
    Fixture::named(name).authenticate(ONCE)
}

fn never_claims(name: &str) -> Fixture {
    Fixture::named(name).can_authenticate("(i32.const 0)")
}

/// Traps when it is asked about a request that has a form; a request without one is the canary's.
fn traps_while_claiming(name: &str) -> Fixture {
    Fixture::named(name).can_authenticate("(if (local.get $form_len) (then (unreachable))) (i32.const 0)")
}

fn calls(generation: &Generation) -> Vec<(&str, u64)> {
    generation.handlers().iter().map(|handler| (handler.id().name.as_str(), handler.counters().calls())).collect()
}

#[tokio::test]
async fn handlers_are_asked_by_order_and_then_by_name() {
    let fixtures = ["delta", "alpha", "charlie", "bravo"].map(Fixture::named);
    let plugins = validated(&ENGINE, &fixtures).await;
    let listeners = [listener("delta", 5), listener("charlie", 10), listener("alpha", 10), listener("bravo", -1)];
    let generation = Generation::assemble(&ENGINE, services(), &(), 1, &listeners, &plugins).await.unwrap();
    let names: Vec<_> = generation.handlers().iter().map(|handler| handler.id().name.as_str()).collect();
    assert_eq!(names, ["bravo", "delta", "alpha", "charlie"]);
}

#[tokio::test]
async fn the_order_of_the_handlers_is_the_order_of_the_claims() {
    let names = ["zulu", "mike", "alpha"];
    let generation = generation(&ENGINE, services(), &names.map(remembering)).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    assert_eq!(decision.verdict, Verdict::SeveralMethods(names.map(str::to_owned).to_vec()));
}

#[tokio::test]
async fn two_claims_reject_the_request_and_consume_nothing() {
    let replay = Arc::new(Ledger::default());
    let services = Services { replay: replay.clone(), ..services() };
    let generation = generation(&ENGINE, services, &[remembering("first"), remembering("second")]).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    assert_eq!(decision.verdict, Verdict::SeveralMethods(vec!["first".to_owned(), "second".to_owned()]));
    assert_eq!(decision.plugin, None);
    assert_eq!(replay.remembered(), []);
}

#[tokio::test]
async fn one_claim_is_judged_by_its_plug_in_alone() {
    let replay = Arc::new(Ledger::default());
    let services = Services { replay: replay.clone(), ..services() };
    let fixtures = [never_claims("first"), remembering("second"), never_claims("third")];
    let generation = generation(&ENGINE, services, &fixtures).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    let client = authenticated(&decision);
    assert_eq!((client.id.as_str(), client.method.as_str()), ("client", "fixture"));
    assert_eq!(decision.plugin.unwrap().name, "second");
    assert_eq!(decision.generation, 1);
    assert_eq!(replay.remembered().len(), 1);
    assert_eq!(calls(&generation), [("first", 1), ("second", 1), ("third", 1)]);
}

#[tokio::test]
async fn no_claim_is_no_method() {
    let generation = generation(&ENGINE, services(), &[never_claims("shy")]).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    assert_eq!((decision.verdict, decision.plugin), (Verdict::NoMethod, None));
    assert_eq!(calls(&generation), [("shy", 1)]);
}

#[tokio::test]
async fn a_request_without_the_declared_signals_is_shown_to_no_plug_in() {
    let trap = traps_while_claiming("trap").reads(&["form:token", "form:client_id", "header:authorization"]);
    let generation = generation(&ENGINE, services(), &[trap]).await;
    let headers = [("cookie".to_owned(), "x".to_owned())].into();
    let form = [("client_id".to_owned(), "x".to_owned()), ("token".to_owned(), String::new())].into();
    for silent in [request(&[]), request(&[("code", "x")]), Request { form, headers, ..request(&[]) }] {
        assert_eq!(generation.authenticate(&silent).await.verdict, Verdict::NoMethod);
    }
    assert_eq!(calls(&generation), [("trap", 0)]);
    let shown = generation.authenticate(&request(&[("token", "x")])).await;
    assert!(matches!(shown.verdict, Verdict::Failed(..)), "{shown:?}");
}

#[tokio::test]
async fn a_header_is_a_signal_as_well() {
    let generation = generation(&ENGINE, services(), &[Fixture::named("header").reads(&["header:dpop"])]).await;
    let headers = [("dpop".to_owned(), "x".to_owned())].into();
    authenticated(&generation.authenticate(&Request { headers, ..request(&[]) }).await);
}

#[tokio::test]
async fn a_trap_while_claiming_stops_everything_and_nothing_falls_through() {
    let replay = Arc::new(Ledger::default());
    for position in [0, 1, 2] {
        let mut fixtures = vec![remembering("good"), never_claims("shy")];
        fixtures.insert(position, traps_while_claiming("trap"));
        let services = Services { replay: replay.clone(), ..services() };
        let generation = generation(&ENGINE, services, &fixtures).await;
        let decision = generation.authenticate(&request(&[("token", "x")])).await;
        assert!(matches!(&decision.verdict, Verdict::Failed(FailureKind::Trap, _)), "{decision:?}");
        assert_eq!(decision.plugin.unwrap().name, "trap");
        let handler = &generation.handlers()[position];
        assert_eq!(handler.counters().failures(), 1);
        assert!(matches!(handler.counters().last_failure(), Some((FailureKind::Trap, _))));
    }
    assert_eq!(replay.remembered(), [], "no plug-in was asked to authenticate");
}

#[tokio::test]
async fn a_trap_while_authenticating_is_not_retried_elsewhere() {
    let trap = Fixture::named("trap").authenticate("(unreachable)");
    let generation = generation(&ENGINE, services(), &[trap, never_claims("shy")]).await;
    for failures in 1..=3 {
        let decision = generation.authenticate(&request(&[("token", "x")])).await;
        let Verdict::Failed(FailureKind::Trap, message) = decision.verdict else { panic!("{decision:?}") };
        assert!(message.contains("unreachable"), "{message}");
        assert_eq!(generation.handlers()[0].counters().failures(), failures);
    }
    assert_eq!(generation.handlers()[1].counters().failures(), 0);
}

#[tokio::test]
async fn a_rejection_carries_the_words_of_the_plug_in_without_control_characters() {
    let fixture = Fixture::named("stern").text("bad\ntoken").authenticate("(global.get $rejected)");
    let decision = judged(&ENGINE, services(), fixture).await;
    let Verdict::Rejected(rejection) = decision.verdict else { panic!("{decision:?}") };
    assert_eq!((rejection.error.as_str(), rejection.reason.as_str()), ("invalid_client", "fixture-says-no"));
    assert_eq!(rejection.detail, "bad\\ntoken");
}

#[tokio::test]
async fn a_plug_in_that_cannot_judge_makes_the_request_unavailable() {
    let fixture = Fixture::named("lost").text("the oracle").authenticate("(global.get $unavailable)");
    let decision = judged(&ENGINE, services(), fixture).await;
    assert_eq!(decision.verdict, Verdict::Unavailable("the oracle".to_owned()));
}

/// Asks `import`, traps when the answer is a success, and answers `unavailable` otherwise.
fn asking(import: &str) -> Fixture {
    let body = format!(
        "{import} (if (i32.eqz (i32.load8_u (global.get $answer))) (then (unreachable))) (global.get $unavailable)"
    );
    Fixture::named("asking").text("it is down").authenticate(&body)
}

#[tokio::test]
async fn a_service_that_is_down_is_an_error_to_the_plug_in_and_no_trap() {
    let clients = Arc::new(Directory { down: true, ..Directory::default() });
    let keys = Arc::new(Keys { delay: std::time::Duration::ZERO, down: true });
    for import in [LOOKUP, CANDIDATES] {
        let services = Services { clients: clients.clone(), keys: keys.clone(), ..services() };
        let decision = judged(&ENGINE, services, asking(import)).await;
        assert_eq!(decision.verdict, Verdict::Unavailable("it is down".to_owned()), "{import}");
    }
}

#[tokio::test]
async fn an_explanation_consumes_nothing() {
    let replay = Arc::new(Ledger::default());
    let services = Services { replay: replay.clone(), ..services() };
    let generation = generation(&ENGINE, services, &[remembering("one")]).await;
    let decision = generation.explain(&request(&[("token", "x")])).await;
    authenticated(&decision);
    assert_eq!(decision.explanation, Some(Vec::new()), "it has no rules");
    assert_eq!((replay.remembered().len(), replay.peeked().len()), (0, 1));

    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    assert_eq!(decision.explanation, None);
    assert_eq!((replay.remembered().len(), replay.peeked().len()), (1, 1));
}

#[tokio::test]
async fn the_log_learns_who_a_rejected_request_claims_to_come_from() {
    let claimed = "(i32.store8 (global.get $answer) (i32.const 1))
        (i32.store offset=4 (global.get $answer) (global.get $text))
        (i32.store offset=8 (global.get $answer) (global.get $text_len)) (global.get $answer)";
    let fixture = Fixture::named("stern").text("some\tclient").authenticate("(global.get $rejected)");
    let decision = judged(&ENGINE, services(), fixture.clone().client_id(claimed)).await;
    assert_eq!(decision.evidence.client_id.as_deref(), Some("some\\tclient"));

    let failing = judged(&ENGINE, services(), fixture.clone().client_id("(unreachable)")).await;
    assert!(matches!(failing.verdict, Verdict::Failed(FailureKind::Trap, _)), "{failing:?}");

    let looked_up = fixture.client_id("(unreachable)").authenticate(&format!("{LOOKUP} (global.get $rejected)"));
    let decision = judged(&ENGINE, services(), looked_up).await;
    assert_eq!(decision.evidence.client_id.as_deref(), Some("client"), "what was looked up is known better");
}

#[tokio::test]
async fn a_plug_in_that_claims_everything_is_never_published() {
    let plugins = validated(&ENGINE, &[Fixture::named("greedy").can_authenticate(YES)]).await;
    assert!(Generation::assemble(&ENGINE, services(), &(), 1, &[listener("greedy", 0)], &plugins).await.is_err());
}
