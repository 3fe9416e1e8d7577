//! Replacing plug-ins and configuration under a constant load: no request notices.

use std::time::{Duration, Instant};

use crate::client::TestClient;
use crate::fixtures::{Fixture, LOOP};
use crate::home::TestHome;
use crate::load::{Calls, Load, callers, decisions};
use crate::operator::{Operator, PLUGIN, Published, version};
use crate::server::Server;

const CALLERS: usize = 4;

/// A home with callers, whose log can be read by a program.
fn home() -> (TestHome, Vec<TestClient>) {
    let home = TestHome::new();
    home.replace("format = \"human\"", "format = \"json\"");
    let callers = callers(&home, CALLERS);
    (home, callers)
}

/// Candidates that must be rejected, each with a part of the reason.
fn broken() -> [(Vec<u8>, &'static str); 10] {
    let fixture = || {
        let alias = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator";
        let fixture = Fixture::named(PLUGIN).reads(&["form:client_assertion", "form:client_assertion_type"]);
        fixture.alias(alias).section(&format!("{PLUGIN}\n{alias}"))
    };
    let good = version(0);
    let cut = good[..good.len() / 2].to_vec();
    [
        (Vec::new(), "it is empty"),
        (cut, "not a valid WebAssembly component"),
        (b"this is not a component".to_vec(), "it begins with \"this is not a co\""),
        (b"\0asm\x01\0\0\0".to_vec(), "core WebAssembly module"),
        (b"\0asm\x0d\0\x01\0".to_vec(), "it exports nothing"),
        (fixture().version("0.7.0").component(), "built for version 0.7.0"),
        (fixture().describe("(unreachable)").component(), "fails to describe itself"),
        (fixture().check_config(LOOP).component(), "deadline"),
        (fixture().can_authenticate("(i32.const 1)").component(), "carries no credential"),
        (fixture().undiscerning().component(), "authenticated"),
    ]
}

/// Every request got a token from a state that was published as a whole, was not replaced before the request began, and
/// was not published after it ended; and no connection went back to an older state.
fn check(calls: &[Calls], log: &str, published: &[Published]) {
    let decisions = decisions(log);
    let mut served = vec![0_usize; published.len()];
    for Calls { client, sent } in calls {
        let failures: Vec<_> = sent.iter().filter_map(|request| request.failure.as_ref()).collect();
        assert!(failures.is_empty(), "{} failed requests of {}: {failures:?}", failures.len(), sent.len());
        let decided = &decisions[client];
        assert_eq!(decided.len(), sent.len(), "one decision per request of {client}");
        let mut reached = 0;
        for (request, decision) in sent.iter().zip(decided) {
            assert_eq!(decision.outcome, "authenticated");
            let oldest = published.iter().rposition(|state| state.announced <= request.at).unwrap();
            let newest = published.iter().rposition(|state| state.begun <= request.answered).unwrap();
            let by = |state: &Published| (state.generation, &state.digest) == (decision.generation, &decision.digest);
            let earliest = oldest.max(reached);
            let found = (earliest..=newest).find(|&at| by(&published[at]));
            reached = found.unwrap_or_else(|| {
                panic!("{decision:?} is none of {:?}\n{published:#?}", published.get(earliest..=newest))
            });
            served[reached] += 1;
        }
    }
    let requests: usize = served.iter().sum();
    let states = served.iter().filter(|&&count| count > 0).count();
    println!("{requests} requests, {states} of {} published states decided some", published.len());
    assert!(states > published.len() / 2, "the load does not see the swaps: {served:?}");
}

#[test]
fn one_hundred_swaps_under_load_lose_no_request() {
    let (home, callers) = home();
    let server = Server::start(&home);
    let versions = [version(1), version(2)];
    let mut broken = broken().into_iter();
    let mut operator = Operator::new(&home, &server);
    let load = Load::start(&home, callers);
    let mut next = versions.iter().cycle();
    for swap in 0..100 {
        match swap {
            _ if swap % 10 == 9 => {
                let (candidate, reason) = broken.next().unwrap();
                let refused = operator.fail_to_install(&candidate);
                assert!(refused.contains(reason), "`{reason}` is not in: {refused}");
            }
            25 => operator.roll_back(),
            45 => assert!(operator.delete().contains("names no plug-in")),
            65 => operator.overwrite(next.next().unwrap()),
            85 => drop(operator.rename(next.next().unwrap())),
            _ => operator.install(next.next().unwrap()),
        }
    }
    let published = std::mem::take(&mut operator.published);
    let calls = load.end();
    let (_, log) = server.end("TERM");
    assert!(published.len() > 80);
    check(&calls, &log, &published);
}

#[test]
fn a_link_that_is_swapped_under_load_loses_no_request() {
    let (home, callers) = home();
    let text = home.deployment();
    let minutes = |minutes: usize| {
        text.replace("RejectBeforeInMinutes = 300", &format!("RejectBeforeInMinutes = {}", 100 + minutes))
    };
    let server = Server::start(&home);
    let mut operator = Operator::new(&home, &server);
    let load = Load::start(&home, callers);
    for swap in 0..50 {
        let begun = Instant::now();
        match swap % 10 {
            9 => {
                operator.mount(&text.replace("RejectBeforeInMinutes = 300", "RejectBeforeInMinutes = \"soon\""));
                assert!(operator.refused().contains("RejectBeforeInMinutes"));
            }
            5 => {
                operator.mount(&minutes(swap));
                operator.await_generation(begun);
            }
            _ => {
                operator.mount(&minutes(swap));
                operator.reload(begun);
            }
        }
    }
    let published = std::mem::take(&mut operator.published);
    let calls = load.end();
    let (_, log) = server.end("TERM");
    let generations: Vec<_> = published.iter().map(|state| state.generation).collect();
    assert!(
        generations.is_sorted() && generations.last() == Some(&46),
        "every good change is published: {generations:?}"
    );
    check(&calls, &log, &published);
}

#[test]
fn a_new_file_is_live_within_two_seconds_on_a_warm_compile_cache() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let (old, new) = (version(1), version(2));
    let server = Server::start(&home);
    let mut operator = Operator::new(&home, &server);
    [&new, &old].into_iter().for_each(|component| operator.install(component));
    drop(server);
    // Compiled code is on the disk only.
    let server = Server::start(&home);
    let mut operator = Operator::new(&home, &server);
    let took = operator.rename(&new);
    println!("live after {} ms", took.as_millis());
    server.authenticate(&client.mint()).token();
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
    assert!(took < limit, "{took:?}");
}

#[test]
fn memory_after_a_thousand_swaps_is_what_it_was_after_ten() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let versions = [1, 2, 3, 4].map(version);
    let mut operator = Operator::new(&home, &server);
    let mut early = 0;
    for (swap, component) in (1..=1_000).zip(versions.iter().cycle()) {
        operator.install(component);
        server.authenticate(&client.mint()).token();
        if swap == 10 {
            early = server.resident_kib();
        }
    }
    let late = server.resident_kib();
    println!("resident: {} MiB after 10 swaps, {} MiB after 1000", early >> 10, late >> 10);
    assert!(late * 5 <= early * 6, "{early} KiB, then {late} KiB");
}
