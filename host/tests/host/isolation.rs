//! What a plug-in sees and what it leaves behind: its own parameters, a fixed instant, and nothing.

use std::sync::Arc;

use dropins_host::services::Services;
use dropins_host::{FailureKind, Generation, Isolation, Listener, Request, Verdict};

use crate::fixtures::{Fixture, WRITE};
use crate::services::{Directory, NOW, services};
use crate::{ENGINE, authenticated, generation, judged, listener, request, validated};

/// Authenticates a client whose id is the endpoint, whose method is the issuer, and whose attributes are `list`.
fn echo(list: &str) -> Fixture {
    let store = |offset: u32, value: &str| {
        format!(
            "(i32.store offset={offset} (global.get $authenticated) (local.get ${value}))
             (i32.store offset={} (global.get $authenticated) (local.get ${value}_len))",
            offset + 4
        )
    };
    let body = [store(4, "endpoint"), store(12, "issuer"), store(20, list), "(global.get $authenticated)".to_owned()];
    Fixture::named("echo").reads(&["form:token", "form:client_id", "header:dpop"]).authenticate(&body.concat())
}

/// A request with everything that a plug-in must not see, and with repetitions of what it may see.
fn busy_request() -> Request {
    let headers = [("authorization", "Basic secret"), ("dpop", "proof"), ("cookie", "session")];
    Request {
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..request(&[
            ("code", "secret"),
            ("token", "one"),
            ("password", "secret"),
            ("token", "two"),
            ("client_id", "é"),
            ("Token", "secret"),
        ])
    }
}

async fn echoed(list: &str) -> Vec<(String, String)> {
    let clients = Arc::new(Directory::of(&["https://as.example/oauth2/token"]));
    let generation = generation(&ENGINE, Services { clients, ..services() }, &[echo(list)]).await;
    let decision = generation.authenticate(&busy_request()).await;
    let client = authenticated(&decision);
    assert_eq!(client.id, "https://as.example/oauth2/token");
    assert_eq!(client.method, "https://as.example");
    client.attributes.clone()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn a_plug_in_sees_the_parameters_that_it_declared_and_no_others() {
    assert_eq!(echoed("form").await, pairs(&[("token", "one"), ("token", "two"), ("client_id", "é")]));
}

#[tokio::test]
async fn a_plug_in_sees_the_headers_that_it_declared_and_no_others() {
    assert_eq!(echoed("headers").await, pairs(&[("dpop", "proof")]));
}

#[tokio::test]
async fn the_time_of_a_call_is_the_clock_of_the_host() {
    let punctual = |now: u64| {
        Fixture::named("punctual").authenticate(&format!(
            "(if (i64.ne (local.get $now) (i64.const {now})) (then (unreachable))) (global.get $authenticated)"
        ))
    };
    authenticated(&judged(&ENGINE, services(), punctual(NOW * 1000)).await);
    let late = judged(&ENGINE, services(), punctual(NOW * 1000 + 1)).await;
    assert!(matches!(late.verdict, Verdict::Failed(FailureKind::Trap, _)));
}

#[tokio::test]
async fn nothing_of_a_request_is_left_for_the_next_one() {
    // It traps when it is asked a second time in one instance's life.
    let once = Fixture::named("once").functions("(global $asked (mut i32) (i32.const 0))").authenticate(
        "(if (global.get $asked) (then (unreachable)))
         (if (i32.load (i32.const 262140)) (then (unreachable)))
         (global.set $asked (i32.const 1))
         (i32.store (i32.const 262140) (i32.const 1))
         (global.get $authenticated)",
    );
    let generation = generation(&ENGINE, services(), &[once]).await;
    for _ in 0..20 {
        authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
    }
}

#[tokio::test]
async fn a_reused_instance_remembers_but_not_forever_and_not_after_a_trap() {
    // It counts the requests of its life and traps in the third.
    let third = Fixture::named("third").functions("(global $asked (mut i32) (i32.const 0))").authenticate(
        "(global.set $asked (i32.add (global.get $asked) (i32.const 1)))
         (if (i32.eq (global.get $asked) (i32.const 3)) (then (unreachable)))
         (global.get $authenticated)",
    );
    let plugins = validated(&ENGINE, &[third]).await;
    let entry = Listener { isolation: Isolation::Pooled, ..listener("third", 0) };
    let generation = Generation::assemble(&ENGINE, services(), &(), 1, &[entry], &plugins).await.unwrap();
    for _ in 0..4 {
        authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
        authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
        let third = generation.authenticate(&request(&[("token", "x")])).await.verdict;
        assert!(matches!(third, Verdict::Failed(FailureKind::Trap, _)), "{third:?}");
    }
}

#[tokio::test]
async fn a_generation_at_rest_keeps_no_instances_and_one_that_wakes_does() {
    let second = Fixture::named("second").functions("(global $asked (mut i32) (i32.const 0))").authenticate(
        "(if (global.get $asked) (then (unreachable)))
         (global.set $asked (i32.const 1)) (global.get $authenticated)",
    );
    let plugins = validated(&ENGINE, &[second]).await;
    let entry = Listener { isolation: Isolation::Pooled, ..listener("second", 0) };
    let generation = Generation::assemble(&ENGINE, services(), &(), 1, &[entry], &plugins).await.unwrap();
    let post = async || generation.authenticate(&request(&[("token", "x")])).await;
    authenticated(&post().await);
    generation.release_idle_instances();
    for _ in 0..3 {
        authenticated(&post().await);
    }
    generation.resume_pooling();
    authenticated(&post().await);
    assert!(matches!(post().await.verdict, Verdict::Failed(FailureKind::Trap, _)), "the instance is reused again");
}

#[tokio::test]
async fn a_reused_instance_is_dropped_before_it_has_served_128_requests_and_one() {
    let long_lived = Fixture::named("long-lived").functions("(global $asked (mut i32) (i32.const 0))").authenticate(
        "(global.set $asked (i32.add (global.get $asked) (i32.const 1)))
         (if (i32.gt_u (global.get $asked) (i32.const 128)) (then (unreachable)))
         (global.get $authenticated)",
    );
    let plugins = validated(&ENGINE, &[long_lived]).await;
    let entry = Listener { isolation: Isolation::Pooled, ..listener("long-lived", 0) };
    let generation = Generation::assemble(&ENGINE, services(), &(), 1, &[entry], &plugins).await.unwrap();
    for _ in 0..400 {
        authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
    }
}

/// Writes `text` to standard error, the way the standard library writes the text of a panic.
fn writing(text: &str, then: &str) -> Fixture {
    Fixture::named("panicking").text(text).authenticate(&format!("{WRITE} {then}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_a_panic_is_part_of_the_failure_and_the_worker_lives() {
    for _ in 0..3 {
        let generation = generation(&ENGINE, services(), &[writing("panicked at\nlib.rs:1", "(unreachable)")]).await;
        // On a worker of the runtime, as in a server.
        let judged = tokio::spawn(async move { generation.authenticate(&request(&[("token", "x")])).await });
        let Verdict::Failed(FailureKind::Trap, message) = judged.await.unwrap().verdict else { panic!("no trap") };
        assert!(message.ends_with("it wrote: panicked at lib.rs:1"), "{message}");
    }
}

#[tokio::test]
async fn a_plug_in_may_write_to_standard_error_and_go_on() {
    authenticated(&judged(&ENGINE, services(), writing("hello", "(global.get $authenticated)")).await);
}

#[tokio::test]
async fn an_instance_that_keeps_a_stream_of_its_request_is_not_reused() {
    // It asks for standard error once in its life, as the standard library does.
    let writer = Fixture::named("writer").functions("(global $stream (mut i32) (i32.const -1))").authenticate(
        "(if (i32.eq (global.get $stream) (i32.const -1)) (then (global.set $stream (call $stderr))))
         (call $write (global.get $stream) (global.get $text) (global.get $text_len) (global.get $answer))
         (global.get $authenticated)",
    );
    let plugins = validated(&ENGINE, &[writer]).await;
    let entry = Listener { isolation: Isolation::Pooled, ..listener("writer", 0) };
    let generation = Generation::assemble(&ENGINE, services(), &(), 1, &[entry], &plugins).await.unwrap();
    for _ in 0..3 {
        authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
    }
}

#[tokio::test]
async fn standard_error_is_bounded_like_the_log() {
    let line = "x".repeat(4096);
    let flood = "(local.set $i (call $stderr))
        (loop $again
            (call $write (local.get $i) (global.get $text) (global.get $text_len) (global.get $answer))
            (br_if $again (i32.eqz (i32.load8_u (global.get $answer)))))
        (unreachable)";
    let decision = judged(&ENGINE, services(), writing(&line, "(unreachable)").authenticate(flood)).await;
    let Verdict::Failed(FailureKind::Trap, message) = decision.verdict else { panic!("no trap") };
    assert!(message.len() < 12 << 10, "{}", message.len());
}
