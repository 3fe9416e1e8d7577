//! A request that got a server error may be repeated if the operator allows it: unchanged, once, and no other.
//!
//! The server errors are real. A trigger in the identity database makes the transaction that remembers the assertion
//! last longer than the two seconds that a client waits, and the transaction succeeds after all. And a plug-in traps,
//! which consumes nothing.

use std::time::Duration;

use dropins_host::services::{Clock as _, SystemClock};
use rusqlite::Connection;

use crate::client::TestClient;
use crate::fixtures::{Condition, Fixture, LOOKUP, ONCE};
use crate::home::TestHome;
use crate::server::Server;
use crate::wait::until;

/// Longer than the server waits, even on a processor twice as fast as when this was measured.
const SLOW: Duration = Duration::from_secs(6);

/// Counts to `rows`, to take time.
fn counting(rows: u64) -> String {
    format!(
        "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n)"
    )
}

/// The identity database of a home, as another program of the machine may open it.
fn database(home: &TestHome) -> Connection {
    let database = Connection::open(home.path("repository/database/identity.db")).unwrap();
    database.busy_timeout(Duration::from_secs(300)).unwrap();
    database
}

/// Processor time of this thread: a busy machine must not make the trigger too quick.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

/// Makes the transaction that remembers an assertion last so long.
fn slow_down(database: &Connection) {
    let (sample, began) = (4_000_000_u64, processor_time());
    database.query_row(&counting(sample), [], |_| Ok(())).unwrap();
    let rows = sample * SLOW.as_micros() as u64 / (processor_time() - began).as_micros().max(1) as u64;
    let slow = format!("CREATE TRIGGER slow AFTER INSERT ON IDN_OIDC_JTI BEGIN {}; END", counting(rows));
    database.execute_batch(&slow).unwrap();
}

/// Posts an assertion that is answered 503, and waits until it is remembered all the same.
fn fail(home: &TestHome, server: &Server, assertion: &str) {
    let database = database(home);
    slow_down(&database);
    server.authenticate(assertion).error(503, "temporarily_unavailable");
    // The database has one writer at a time: this waits for the slow one.
    database.execute_batch("DROP TRIGGER slow").unwrap();
    let remembered: u64 = database.query_row("SELECT count(*) FROM IDN_OIDC_JTI", [], |row| row.get(0)).unwrap();
    assert_eq!(remembered, 1);
}

#[test]
fn a_request_that_got_a_server_error_may_be_repeated_as_it_was_once_and_no_other() {
    for cache in ["EnableCacheForJTI = true", "EnableCacheForJTI = false"] {
        let home = TestHome::new();
        let client = TestClient::register(&home, "app");
        home.replace("EnableCacheForJTI = true", &format!("{cache}\nRetryWindowInSeconds = 300"));
        let server = Server::start(&home);
        let assertion = client.mint();
        fail(&home, &server, &assertion);
        server.authenticate_with(&assertion, &[("scope", "other")]).error(401, "invalid_client");
        server.authenticate(&assertion).token();
        server.authenticate(&assertion).error(401, "invalid_client");
        server.logged("is no replay");
        assert!(server.admin_get("/metrics").body.contains("dropins_replay_forgiven_total 1\n"));
        assert_eq!(server.admin_get("/status").json()["replay"]["forgiven"], 1);
    }
}

#[test]
fn without_a_window_a_repeated_request_is_a_replay_whatever_was_answered() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.mint();
    fail(&home, &server, &assertion);
    server.authenticate(&assertion).error(401, "invalid_client");
    server.authenticate(&client.mint()).token();
}

#[test]
fn a_request_that_got_a_token_may_not_be_repeated_within_the_window_and_none_after_a_restart() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    home.replace("EnableCacheForJTI = true", "RetryWindowInSeconds = 300");
    let server = Server::start(&home);
    let (used, failed) = (client.mint(), client.mint());
    fail(&home, &server, &failed);
    server.authenticate(&used).token();
    server.authenticate(&used).error(401, "invalid_client");

    assert_eq!(server.end("TERM").0, Some(0));
    let server = Server::start(&home);
    server.authenticate(&failed).error(401, "invalid_client");
}

/// A plug-in that traps while the client `client` is unknown, and then authenticates it on the condition that the
/// identifier `client` is unused.
fn trapping() -> Fixture {
    let unused = Condition::Unused { identifier: "client", expires_at: now() + 3_600, retry_window: 0 };
    let known = "(i32.load8_u offset=4 (global.get $answer))";
    Fixture::named("trapping")
        .conditions(&[unused])
        .authenticate(&format!("{LOOKUP} (if (i32.eqz {known}) (then (unreachable))) {ONCE}"))
}

#[test]
fn a_request_that_a_plug_in_failed_consumes_nothing_and_its_repetition_gets_one_token() {
    let home = TestHome::new();
    std::fs::write(home.dropin("trapping.wasm"), trapping().component()).unwrap();
    home.append("[[event_listener]]\nid = \"trapping\"\nname = \"trapping\"\norder = \"1\"\nenable = true");
    let server = Server::start(&home);
    let post = || server.post(&[("grant_type", "client_credentials"), ("token", "x")]);
    post().error(500, "server_error");
    home.dropins(&["client", "add", "client"]).succeeded();
    // The plug-in traps until the running server sees the new client.
    let answer = until("the client is known", || Some(post()).filter(|answer| answer.status != 500));
    answer.token();
    post().error(401, "invalid_client");
}

#[test]
fn what_is_issued_does_not_outlive_the_time_that_the_plug_in_names() {
    let home = TestHome::new();
    let limited = Fixture::named("limited").conditions(&[Condition::NotAfter(now() + 120)]).authenticate(ONCE);
    std::fs::write(home.dropin("limited.wasm"), limited.component()).unwrap();
    home.append("[[event_listener]]\nid = \"limited\"\nname = \"limited\"\norder = \"1\"\nenable = true");
    let section = "[oauth.grant_type.client_credentials]";
    home.replace(section, &format!("{section}\nallow_refresh_tokens = true"));
    home.append(
        "[[service_provider]]\nclient_id = \"client\"\ngrant_types = [\"client_credentials\", \"refresh_token\"]",
    );
    let server = Server::start(&home);
    let answer = server.post(&[("grant_type", "client_credentials"), ("token", "x")]).json();
    let validity = answer["expires_in"].as_u64().unwrap_or_else(|| panic!("{answer}"));
    assert!((1..=120).contains(&validity) && answer.get("refresh_token").is_none(), "{answer}");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "any"), ("token", "x")];
    server.post(&refresh).error(400, "unauthorized_client");
}

fn now() -> u64 {
    SystemClock.now_seconds()
}
