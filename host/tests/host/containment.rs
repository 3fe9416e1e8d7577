//! Plug-ins that fail on live requests: closed, alone, and with their name and digest in the log.

use dropins_host::{Candidate, Engine, FailureKind, Limits, Request, Verdict};

use crate::fixtures::{EMIT, Fixture, LOOP, WRITE, times};
use crate::limits::STRICT;
use crate::log::Log;
use crate::services::services;
use crate::{ENGINE, authenticated, generation, request};

/// What a live request makes of a plug-in that fails: the kind, the line about the failure, and all lines.
async fn failed(engine: &Engine, fixture: Fixture) -> (FailureKind, String, Vec<String>) {
    let log = Log::of_this_thread();
    let digest = fixture.candidate().digest();
    let generation = generation(engine, services(), &[fixture]).await;
    let request = Request { reference: "REF123".to_owned(), ..request(&[("token", "x")]) };
    let decision = generation.authenticate(&request).await;
    let Verdict::Failed(kind, _) = decision.verdict else { panic!("{decision:?}") };
    assert_eq!(decision.plugin.unwrap().digest, digest);
    let line = log.line("the plug-in failed");
    assert!(line.contains("misfit") && line.contains(&digest.to_string()) && line.contains("REF123"), "{line}");
    (kind, line, log.lines())
}

fn misfit() -> Fixture {
    Fixture::named("misfit").text("said before the end")
}

#[tokio::test]
async fn whatever_fails_is_in_the_log_with_name_digest_and_reference() {
    let glutton = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    let traps = misfit().authenticate("(unreachable)");
    assert_eq!(failed(&ENGINE, traps).await.0, FailureKind::Trap);
    assert_eq!(failed(&ENGINE, misfit().authenticate(glutton)).await.0, FailureKind::Memory);
    assert_eq!(failed(&STRICT, misfit().authenticate(LOOP)).await.0, FailureKind::Deadline);
    let (kind, line, _) = failed(&ENGINE, misfit().authenticate(&format!("{WRITE} (unreachable)"))).await;
    assert_eq!(kind, FailureKind::Trap);
    assert!(line.contains("it wrote: said before the end"), "{line}");
}

#[tokio::test]
async fn what_a_plug_in_logged_before_it_trapped_is_not_lost() {
    let claiming =
        misfit().can_authenticate(&format!("(if (local.get $form_len) (then {EMIT} (unreachable))) (i32.const 0)"));
    let authenticating = misfit().authenticate(&format!("{EMIT} (unreachable)"));
    for fixture in [claiming, authenticating] {
        let (_, _, lines) = failed(&ENGINE, fixture).await;
        let said: Vec<_> =
            lines.iter().filter(|line| line.ends_with("said before the end") || line.contains("WARN")).collect();
        assert!(matches!(&said[..], [line] if line.contains("misfit") && line.contains("REF123")), "{lines:#?}");
    }
}

#[tokio::test]
async fn a_flood_before_a_trap_is_cut_and_counted() {
    let flood = format!("{} (unreachable)", times(1_000, EMIT));
    let (_, _, lines) = failed(&ENGINE, misfit().authenticate(&flood)).await;
    assert_eq!(lines.len(), 32 + 2, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("dropped=968")));
}

#[tokio::test]
async fn a_plug_in_that_claims_nothing_can_log_too() {
    let log = Log::of_this_thread();
    let shy = Fixture::named("shy").text("not for me").can_authenticate(&format!("{EMIT} (i32.const 0)"));
    let both = generation(&ENGINE, services(), &[shy, Fixture::named("good")]).await;
    authenticated(&both.authenticate(&request(&[("token", "x")])).await);
    assert!(log.line("not for me").contains("shy"));
}

#[tokio::test]
async fn what_is_no_component_is_rejected_with_what_it_is() {
    let engine = Engine::new(Limits::default(), None).unwrap();
    let whole = Fixture::named("whole").component();
    let cases: [(&str, &[u8], &str); 4] = [
        ("text.wasm", b"This is not a component.", "begins with \"This is not a co\""),
        ("core.wasm", b"\0asm\x01\0\0\0", "core WebAssembly module"),
        ("cut.wasm", &whole[..whole.len() / 2], "at offset"),
        ("empty.wasm", b"", "it is empty"),
    ];
    for (file, bytes, reason) in cases {
        let refused = Candidate::new(file, bytes).validate(&engine).await.unwrap_err().to_string();
        assert!(refused.starts_with(file) && refused.contains(reason), "{refused}");
    }
}
