//! An assertion is accepted once: by parallel requests, after a restart, after a crash.

use std::sync::Barrier;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::Answer;
use crate::server::Server;

/// Posts every assertion from a thread of its own, all at once.
fn post_at_once(server: &Server, assertions: &[String]) -> Vec<Answer> {
    let barrier = Barrier::new(assertions.len());
    let post = |assertion| {
        barrier.wait();
        server.authenticate(assertion)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = assertions.iter().map(|assertion| scope.spawn(|| post(assertion))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// How many were accepted; all others must have been rejected as wrong credentials.
#[track_caller]
fn accepted(answers: &[Answer]) -> usize {
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in bad {
        answer.error(401, "invalid_client");
    }
    good.len()
}

#[test]
fn of_fifty_parallel_posts_of_one_assertion_exactly_one_is_accepted_and_none_after_a_restart() {
    for cache in ["EnableCacheForJTI = true", "EnableCacheForJTI = false"] {
        let home = TestHome::new();
        let client = TestClient::register(&home, "app");
        home.replace("EnableCacheForJTI = true", cache);
        let server = Server::start(&home);
        let assertions = vec![client.mint(); 50];
        assert_eq!(accepted(&post_at_once(&server, &assertions)), 1, "{cache}");

        assert_eq!(server.end("TERM").0, Some(0));
        let server = Server::start(&home);
        assert_eq!(accepted(&post_at_once(&server, &assertions)), 0, "after a restart, {cache}");
        server.authenticate(&client.mint()).token();
    }
}

#[test]
fn what_was_accepted_before_a_crash_is_rejected_after_it() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertions: Vec<String> = (0..50).map(|_| client.mint()).collect();
    assert_eq!(accepted(&post_at_once(&server, &assertions)), 50);

    assert_eq!(server.end("KILL").0, None, "killed, not stopped");
    let server = Server::start(&home);
    assert_eq!(accepted(&post_at_once(&server, &assertions)), 0);
}

#[test]
fn two_clients_may_use_the_same_jti() {
    let home = TestHome::new();
    let (one, two) = (TestClient::register(&home, "one"), TestClient::register(&home, "two"));
    let server = Server::start(&home);
    for client in [&one, &two] {
        let sign = || client.assertion().claim("jti", "10003").sign();
        server.authenticate(&sign()).token();
        // Another signature over the same claims is the same assertion.
        server.authenticate(&sign()).error(401, "invalid_client");
    }
}

#[test]
fn a_rejected_assertion_does_not_consume_its_jti() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let with_jti = || client.assertion().claim("jti", "once");
    for refused in [
        with_jti().claim("aud", "https://other.example"),
        with_jti().claim("exp", crate::client::now() - 3600),
        with_jti().claim("iss", "other"),
        with_jti().header("typ", "at+jwt"),
    ] {
        server.authenticate(&refused.sign()).error(401, "invalid_client");
    }
    let mut forged = with_jti().sign();
    forged.replace_range(forged.rfind('.').unwrap() + 1.., &"A".repeat(86));
    server.authenticate(&forged).error(401, "invalid_client");
    server.authenticate(&with_jti().sign()).token();
}

#[test]
fn reuse_can_be_allowed_for_all_clients_or_for_one() {
    let home = TestHome::new();
    let tolerated = TestClient::register_with(&home, "tolerated", "prevent_token_reuse = false");
    let other = TestClient::register(&home, "other");
    let server = Server::start(&home);
    let (again, once) = (tolerated.mint(), other.mint());
    for _ in 0..3 {
        server.authenticate(&again).token();
    }
    server.authenticate(&once).token();
    server.authenticate(&once).error(401, "invalid_client");

    home.replace("PreventTokenReuse = true", "PreventTokenReuse = \"false\"");
    drop(server);
    let server = Server::start(&home);
    let assertion = other.mint();
    server.authenticate(&assertion).token();
    server.authenticate(&assertion).token();
}
