//! Clients that publish their keys: how often a host is asked, rotation, outages, and hostile hosts.

use std::time::{Duration, Instant};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::key_host::{KeyAnswer, KeyHost, allow, publisher};
use crate::server::Server;
use crate::wait::until;

/// How long after an unknown `kid` another one makes the server fetch again.
const PAUSE: Duration = Duration::from_secs(10);

/// What a hostile host may cost a request on a busy machine; far less than a whole answer would take.
const PROMPT: Duration = Duration::from_secs(10);

/// A home with a client of this id whose key set the host publishes.
fn home_with(host: &KeyHost, id: &str) -> (TestHome, TestClient) {
    let home = TestHome::new();
    allow(&home);
    let client = publisher(&home, host, id);
    (home, client)
}

/// An assertion that names its key.
fn mint(client: &TestClient) -> String {
    client.assertion().header("kid", client.key.thumbprint()).sign()
}

#[test]
fn two_hundred_requests_on_a_cold_cache_cause_one_fetch() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, client) = home_with(&host, "app");
    host.answer(KeyAnswer::keys(&[&client.key]));
    home.append("[limits]\nconcurrent_calls = 400\n");
    let server = Server::start(&home);
    assert_eq!(host.requests(), 0, "nothing is fetched before it is needed");
    let assertions: Vec<_> = (0..200).map(|_| mint(&client)).collect();
    let held = host.hold();
    std::thread::scope(|scope| {
        let server = &server;
        for assertion in &assertions {
            scope.spawn(move || server.authenticate(assertion).token());
        }
        until("all requests wait for the keys", || {
            (server.admin_get("/status").json()["in_flight"] == assertions.len()).then_some(())
        });
        drop(held);
    });
    assert_eq!(host.requests(), 1);
}

#[test]
fn a_thousand_unknown_kids_cause_at_most_one_more_fetch() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, client) = home_with(&host, "app");
    host.answer(KeyAnswer::keys(&[&client.key]));
    let server = Server::start(&home);
    server.authenticate(&mint(&client)).token();
    let stranger = TestClient::unregistered(&home, "app");
    let assertions: Vec<_> =
        (0..1000).map(|number| stranger.assertion().header("kid", format!("unknown-{number}")).sign()).collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for part in assertions.chunks(assertions.len() / 8) {
            let server = &server;
            scope.spawn(move || {
                for assertion in part {
                    server.authenticate(assertion).error(401, "invalid_client");
                }
            });
        }
    });
    let took = began.elapsed();
    println!("1000 requests with unknown kids: {} ms, {} fetches in all", took.as_millis(), host.requests());
    let pauses = usize::try_from(took.as_secs() / PAUSE.as_secs()).unwrap();
    assert!(host.requests() <= 2 + pauses, "{} fetches in {took:?}", host.requests());
}

#[test]
fn a_key_is_rotated_without_a_restart() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, old) = home_with(&host, "app");
    let new = TestClient::unregistered(&home, "app");
    host.answer(KeyAnswer::keys(&[&old.key]));
    let server = Server::start(&home);
    server.authenticate(&mint(&old)).token();
    host.answer(KeyAnswer::keys(&[&new.key]));
    server.authenticate(&mint(&old)).token();
    assert_eq!(host.requests(), 1, "what is fresh is not fetched again");
    server.authenticate(&mint(&new)).token();
    assert_eq!(host.requests(), 2, "an unknown kid is a reason to fetch");
    server.authenticate(&mint(&old)).error(401, "invalid_client");
    server.authenticate(&mint(&new)).token();
    assert_eq!(host.requests(), 2);
}

/// A set with the key of this client under the `kid` of all.
fn current(client: &TestClient) -> KeyAnswer {
    let mut jwk = client.key.public_jwk();
    jwk.insert("kid".to_owned(), "current".into());
    KeyAnswer::Keys(serde_json::json!({ "keys": [jwk] }).to_string())
}

fn mint_current(client: &TestClient) -> String {
    client.assertion().header("kid", "current").sign()
}

#[test]
fn a_key_that_is_replaced_under_its_kid_is_accepted_at_the_first_request() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, old) = home_with(&host, "app");
    let (new, forged) = (TestClient::unregistered(&home, "app"), TestClient::unregistered(&home, "app"));
    host.answer(current(&old));
    let server = Server::start(&home);
    server.authenticate(&mint_current(&old)).token();
    host.answer(current(&new));
    server.authenticate(&mint_current(&new)).token();
    assert_eq!(host.requests(), 2, "a signature that no key verifies is a reason to fetch");
    server.authenticate(&mint_current(&forged)).error(401, "invalid_client");
    server.authenticate(&mint_current(&new)).token();
    assert_eq!(host.requests(), 2, "but not twice in ten seconds");
}

#[test]
fn a_replaced_key_is_found_where_the_component_itself_verifies_as_well() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, old) = home_with(&host, "app");
    let property = "PreventTokenReuse = true";
    home.replace(property, &format!("{property}\nSignatureVerification = \"guest\""));
    let new = TestClient::unregistered(&home, "app");
    host.answer(current(&old));
    let server = Server::start(&home);
    server.authenticate(&mint_current(&old)).token();
    host.answer(current(&new));
    server.authenticate(&mint_current(&new)).token();
}

#[test]
fn an_operator_has_the_keys_fetched_at_once() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, old) = home_with(&host, "app");
    host.answer(KeyAnswer::keys(&[&old.key]));
    let server = Server::start(&home);
    server.authenticate(&mint(&old)).token();
    host.answer(KeyAnswer::keys(&[]));
    server.authenticate(&mint(&old)).token();
    host.answer(KeyAnswer::keys(&[&TestClient::unregistered(&home, "app").key]));
    let refreshed = home.dropins(&["keys", "refresh", "app", "--json"]).succeeded().json();
    assert_eq!(refreshed["keys"].as_array().unwrap().len(), 1, "{refreshed}");
    assert_eq!(host.requests(), 2);
    server.authenticate(&mint(&old)).error(401, "invalid_client");
}

#[test]
fn keys_of_several_sources_count_together_and_each_is_shown_with_its_source() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let home = TestHome::new();
    allow(&home);
    let inline = TestClient::register_with(&home, "app", &format!("jwks_uri = \"{}\"", host.url()));
    let published = TestClient::unregistered(&home, "app");
    host.answer(KeyAnswer::keys(&[&published.key]));
    let server = Server::start(&home);
    server.authenticate(&mint(&inline)).token();
    server.authenticate(&mint(&published)).token();
    let shown = home.dropins(&["client", "show", "app", "--json"]).succeeded().json();
    let source_of = |client: &TestClient| {
        let mut keys = shown["keys"].as_array().unwrap().iter();
        let key = keys.find(|key| key["thumbprint"] == client.key.thumbprint()).unwrap();
        key["source"].as_str().unwrap().to_owned()
    };
    assert_eq!(source_of(&inline), "jwks");
    assert_eq!(source_of(&published), format!("jwks_uri:{}", host.url()));
}

#[test]
fn a_restart_while_the_host_is_down_leaves_its_clients_authenticated() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, client) = home_with(&host, "app");
    host.answer(KeyAnswer::keys(&[&client.key]));
    let server = Server::start(&home);
    server.authenticate(&mint(&client)).token();
    drop((server, host));
    let server = Server::start(&home);
    server.authenticate(&mint(&client)).token();
    server.authenticate(&client.assertion().header("kid", "unknown").sign()).error(401, "invalid_client");
    server.authenticate(&mint(&client)).token();
}

#[test]
fn a_host_that_was_never_there_is_no_harm_to_others() {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let (home, client) = home_with(&host, "app");
    let other = TestClient::register(&home, "other");
    drop(host);
    let server = Server::start(&home);
    for _ in 0..3 {
        server.authenticate(&mint(&client)).error(401, "invalid_client");
        server.authenticate(&other.mint()).token();
    }
    server.logged("cannot be reached");
}

#[test]
fn an_answer_without_end_and_a_redirect_are_rejected_while_others_are_served() {
    let hostile = [
        (KeyAnswer::Large { announced: true }, "the answer has more than 65536 bytes"),
        (KeyAnswer::Large { announced: false }, "the answer has more than 65536 bytes"),
        (KeyAnswer::Redirect("http://169.254.169.254/latest/meta-data/"), "a redirect (status 302)"),
        (KeyAnswer::Keys("{\"keys\":".repeat(8_000)), "no key set"),
    ];
    let home = TestHome::new();
    allow(&home);
    let other = TestClient::register(&home, "other");
    let hosts = hostile.map(|(answer, reason)| (KeyHost::start(answer), reason));
    let clients: Vec<_> =
        hosts.iter().enumerate().map(|(number, (host, _))| publisher(&home, host, &format!("app-{number}"))).collect();
    let server = Server::start(&home);
    server.authenticate(&other.mint()).token();
    let before = server.resident_kib();
    for (client, (host, reason)) in clients.iter().zip(&hosts) {
        let began = Instant::now();
        server.authenticate(&mint(client)).error(401, "invalid_client");
        assert!(began.elapsed() < PROMPT, "{reason}: {:?}", began.elapsed());
        let line = server.logged(&host.url());
        assert!(line.contains(reason), "{line}");
        assert_eq!(host.requests(), 1, "{reason}");
        server.authenticate(&mint(client)).error(401, "invalid_client");
        assert_eq!(host.requests(), 1, "a failure is not repeated at once: {reason}");
        server.authenticate(&other.mint()).token();
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 50 << 10, "{grown} KiB");
}

#[test]
fn an_address_that_is_never_fetched_from_cannot_be_registered() {
    let home = TestHome::new();
    allow(&home);
    for uri in ["https://169.254.169.254/keys", "https://[::ffff:a9fe:a9fe]/keys", "https://2852039166/keys"] {
        home.dropins(&["client", "add", "app", "--jwks-uri", uri]).failed(&["jwks_uri", "never fetched from"]);
    }
    home.dropins(&["client", "add", "app", "--jwks-uri", "http://127.0.0.2/"]).failed(&["allowed_private_hosts"]);
}
