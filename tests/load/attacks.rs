//! What attackers without a credential cost the running program and its other clients.
//!
//! `cargo bench -p dropins --bench attacks` prints memory and latencies, and fails when a bound is missed. Latencies are
//! compared within one run: quiet, then under attack.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement may panic"
)]
#![allow(dead_code, reason = "the end-to-end tests use the rest")]
#![allow(clippy::disallowed_methods, reason = "it waits while others work")]

#[path = "../end_to_end/accepting.rs"]
mod accepting;
#[path = "../end_to_end/client.rs"]
mod client;
#[path = "../end_to_end/flood.rs"]
mod flood;
#[path = "../end_to_end/home.rs"]
mod home;
#[path = "../end_to_end/http.rs"]
mod http;
#[path = "../end_to_end/key_host.rs"]
mod key_host;
#[path = "../end_to_end/program.rs"]
mod program;
#[path = "../end_to_end/server.rs"]
mod server;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use client::TestClient;
use flood::{Flood, plain_http};
use home::TestHome;
use key_host::{KeyAnswer, KeyHost, allow, publisher};
use server::{ASSERTION_TYPE, Server};

/// What an attack may add to the resident memory, in MiB.
const GROWTH: u64 = 80;
/// How much slower the slowest hundredth of another client's requests may be.
const SLOWER: f64 = 2.0;
/// How many requests the other client sends, 50 a second.
const CALLS: u32 = 1_000;

fn main() -> ExitCode {
    let good = [secrets(), ids(), plug_in_permits(), connections(), pushed_requests()];
    if good.iter().all(|&good| good) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A server that serves plain HTTP too, with a client that does no harm.
struct Scene {
    server: Server,
    client: TestClient,
    plain: SocketAddr,
    _home: TestHome,
}

impl Scene {
    fn new(further: impl FnOnce(&TestHome)) -> Self {
        let home = TestHome::new();
        let client = TestClient::register(&home, "app");
        let plain = plain_http(&home);
        further(&home);
        let server = Server::start(&home);
        let scene = Self { server, client, plain, _home: home };
        assert_eq!(scene.calls(100).0, 0, "the client is served before the attack");
        scene
    }

    fn flood<'a>(&self, form: &'a (dyn Fn(usize) -> String + Sync), connections: usize) -> Flood<'a> {
        Flood { server: self.plain, path: "/oauth2/token", form, connections, hangs_up: false }
    }

    /// Runs an attack; whether it took little memory.
    fn memory(&self, what: &str, attack: impl FnOnce() -> String) -> bool {
        let before = self.server.resident_kib() >> 10;
        let outcome = attack();
        let after = self.server.resident_kib() >> 10;
        println!("{what}: {before} MiB before, {after} MiB after; {outcome}");
        after <= before + GROWTH
    }

    /// Sends requests of the client, 50 a second; returns how many got no token, and the 99th percentile.
    fn calls(&self, count: u32) -> (usize, Duration) {
        let began = Instant::now();
        let mut times = Vec::new();
        let mut failed = 0;
        for turn in 0..count {
            std::thread::sleep((Duration::from_millis(20) * turn).saturating_sub(began.elapsed()));
            let assertion = self.client.mint();
            let sent = Instant::now();
            failed += usize::from(self.server.authenticate(&assertion).status != 200);
            times.push(sent.elapsed());
        }
        times.sort();
        (failed, times[times.len() * 99 / 100])
    }

    /// Compares the client's latency under attack with the quiet before; whether it lost nothing. The attacker sends one
    /// post after the other at this rate a second, each on a connection of its own, and waits for every answer.
    fn others(&self, what: &str, form: &(dyn Fn(usize) -> String + Sync), rate: u32) -> bool {
        let (_, quiet) = self.calls(CALLS);
        let ended = AtomicBool::new(false);
        let (failed, under) = std::thread::scope(|scope| {
            scope.spawn(|| {
                let began = Instant::now();
                for turn in (0..).take_while(|_| !ended.load(Relaxed)) {
                    std::thread::sleep((Duration::from_secs(1) / rate * turn).saturating_sub(began.elapsed()));
                    scope.spawn(move || self.flood(&|_| form(turn as usize), 1).send(1));
                }
            });
            let calls = self.calls(CALLS);
            ended.store(true, Relaxed);
            calls
        });
        let ratio = under.as_secs_f64() / quiet.as_secs_f64();
        println!(
            "{what}, {rate} a second: {CALLS} requests of another client, {failed} failed, p99 {quiet:.1?} quiet, \
             {under:.1?} under attack ({ratio:.2} times)"
        );
        failed == 0 && ratio <= SLOWER
    }
}

fn wrong_secret(number: usize) -> String {
    format!("grant_type=client_credentials&client_id=unknown-{number}&client_secret=wrong")
}

/// Wrong secrets, each a run of argon2 with 19 MiB.
fn secrets() -> bool {
    let scene = Scene::new(|_| {});
    let waiting = scene.flood(&wrong_secret, 48);
    let hanging_up = Flood { hangs_up: true, ..scene.flood(&wrong_secret, 16) };
    let good = [
        scene.memory("5000 wrong secrets", || format!("answers {:?}", waiting.send(5_000))),
        scene.memory("5000 wrong secrets with hang-ups", || format!("answers {:?}", hanging_up.send(5_000))),
        scene.others("wrong secrets", &wrong_secret, 80),
    ];
    good.iter().all(|&good| good)
}

/// Ids of 64 000 bytes, which no cache may keep.
fn ids() -> bool {
    let scene = Scene::new(|_| {});
    let form = |number: usize| format!("grant_type=refresh_token&client_id={number:0>64000}");
    scene.memory("20000 ids of 64000 bytes", || format!("answers {:?}", scene.flood(&form, 1).send(20_000)))
}

/// Requests of a client whose key host hangs, for which all plug-ins would wait.
fn plug_in_permits() -> bool {
    let host = KeyHost::start(KeyAnswer::keys(&[]));
    let mut stranger = None;
    let scene = Scene::new(|home| {
        allow(home);
        publisher(home, &host, "slow");
        stranger = Some(TestClient::unregistered(home, "slow"));
    });
    let stranger = stranger.unwrap();
    let assertions: Vec<_> =
        (0..4_000).map(|number| stranger.assertion().header("kid", format!("k{number}")).sign()).collect();
    let form = |number: usize| {
        let assertion = &assertions[number % assertions.len()];
        format!("grant_type=client_credentials&client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}")
    };
    let hanging = host.hold();
    let good = scene.others("requests whose key host hangs", &form, 100);
    drop(hanging);
    good
}

/// Idle HTTP/2 connections of one address, more than the server lets one address have.
fn connections() -> bool {
    let scene = Scene::new(|_| {});
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let before = scene.server.resident_kib() >> 10;
    let (open, closed) = runtime.block_on(idle(scene.plain, 10_100));
    let (failed, p99) = scene.calls(100);
    let ready = scene.server.admin_get("/healthz").status;
    let after = scene.server.resident_kib() >> 10;
    println!(
        "10100 idle HTTP/2 connections of one address: {} stay open, {closed} closed, {before} MiB before, {after} MiB after; 100 requests of another address, {failed} failed, p99 {p99:.1?}; healthz {ready}",
        open.len()
    );
    failed == 0 && ready == 200
}

/// Opens connections that send the preface of HTTP/2 and no more; returns what the server kept, and how many it closed.
async fn idle(server: SocketAddr, count: usize) -> (Vec<TcpStream>, usize) {
    let mut open = Vec::new();
    let mut closed = 0;
    for _ in 0..count {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let Ok(mut stream) = socket.connect(server).await else {
            closed += 1;
            continue;
        };
        let hello = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
        let mut settings = [0];
        match hello.and(stream.read(&mut settings).await) {
            Ok(1) => open.push(stream),
            _ => closed += 1,
        }
    }
    (open, closed)
}

/// Pushed requests of a client without a credential.
fn pushed_requests() -> bool {
    let scene = Scene::new(|home| {
        home.append(
            "[[service_provider]]\nclient_id = \"page\"\ntoken_endpoint_auth_method = \"none\"\n\
             grant_types = [\"authorization_code\"]\nscopes = [\"read\"]\nredirect_uris = [\"https://page.example/\"]\n",
        );
    });
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let form = |number: usize| {
        format!(
            "client_id=page&response_type=code&redirect_uri=https%3A%2F%2Fpage.example%2F&scope=read\
             &code_challenge={challenge}&code_challenge_method=S256&state={number:0>500}"
        )
    };
    let flood = Flood { path: "/oauth2/par", ..scene.flood(&form, 50) };
    let mut accepted = 0;
    let good = scene.memory("20000 pushed requests of a public client", || {
        let statuses = flood.send(20_000);
        accepted = statuses.get(&201).copied().unwrap_or_default();
        format!("answers {statuses:?}")
    });
    good && accepted <= 100
}
