//! Attackers without a credential: they take neither the memory of the server nor the answers of other clients.
//!
//! `cargo bench -p dropins --bench attacks` sends more of the same and measures.

use crate::client::TestClient;
use crate::flood::{Flood, plain_http};
use crate::home::TestHome;
use crate::key_host::{KeyAnswer, KeyHost, allow, publisher};
use crate::server::{ASSERTION_TYPE, Server};

/// What an attack may add to the resident memory, in KiB.
const GROWTH: u64 = 80 << 10;

/// A wrong secret of a client that does not exist, another each time.
pub(crate) fn wrong_secret(number: usize) -> String {
    format!("grant_type=client_credentials&client_id=unknown-{number}&client_secret=wrong")
}

#[track_caller]
fn grows_little(server: &Server, attack: impl FnOnce()) {
    let before = server.resident_kib();
    attack();
    let grown = server.resident_kib().saturating_sub(before);
    println!("resident: {} MiB before, {} MiB more after", before >> 10, grown >> 10);
    assert!(grown < GROWTH, "{grown} KiB");
}

#[test]
fn wrong_secrets_take_no_memory_whether_the_attacker_waits_or_hangs_up() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let address = plain_http(&home);
    let server = Server::start(&home);
    server.authenticate(&client.mint()).token();
    let flood = |hangs_up, connections| Flood {
        server: address,
        path: "/oauth2/token",
        form: &wrong_secret,
        connections,
        hangs_up,
    };
    grows_little(&server, || drop(flood(false, 48).send(250)));
    grows_little(&server, || drop(flood(true, 16).send(2_000)));
    server.authenticate(&client.mint()).token();
}

#[test]
fn ids_of_any_length_take_no_memory() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let address = plain_http(&home);
    let server = Server::start(&home);
    server.authenticate(&client.mint()).token();
    let long = |number: usize| format!("grant_type=refresh_token&client_id={number:0>64000}");
    let short = |number: usize| format!("grant_type=refresh_token&client_id={number:0>255}");
    let forms: [&(dyn Fn(usize) -> String + Sync); 2] = [&long, &short];
    for form in forms {
        let flood = Flood { server: address, path: "/oauth2/token", form, connections: 2, hangs_up: false };
        grows_little(&server, || assert!(flood.send(2_000).keys().all(|&status| status >= 400)));
    }
}

#[test]
fn wrong_secrets_in_flight_cost_another_client_no_answer() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let address = plain_http(&home);
    let server = Server::start(&home);
    let flood =
        Flood { server: address, path: "/oauth2/token", form: &wrong_secret, connections: 320, hangs_up: false };
    let ((), statuses) = flood.during(|| (0..20).for_each(|_| drop(server.authenticate(&client.mint()).token())));
    assert!(!statuses.contains_key(&200), "{statuses:?}");
}

#[test]
fn a_key_host_that_hangs_costs_another_client_no_answer() {
    let slow = KeyHost::start(KeyAnswer::keys(&[]));
    let home = TestHome::new();
    allow(&home);
    publisher(&home, &slow, "slow");
    let client = TestClient::register(&home, "app");
    let stranger = TestClient::unregistered(&home, "slow");
    let address = plain_http(&home);
    let server = Server::start(&home);
    let assertions: Vec<_> =
        (0..270).map(|number| stranger.assertion().header("kid", format!("k{number}")).sign()).collect();
    let form = |number: usize| {
        let assertion = &assertions[number % assertions.len()];
        format!("grant_type=client_credentials&client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}")
    };
    let hanging = slow.hold();
    let flood = Flood { server: address, path: "/oauth2/token", form: &form, connections: 270, hangs_up: false };
    let ((), statuses) = flood.during(|| (0..20).for_each(|_| drop(server.authenticate(&client.mint()).token())));
    drop(hanging);
    assert!(!statuses.contains_key(&200), "{statuses:?}");
}
