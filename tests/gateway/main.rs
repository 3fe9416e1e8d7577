//! What forwarding costs in processor time beyond authentication: the gateway beside the answer to a proxy that asks.
//!
//! `TMPDIR=/dev/shm cargo bench -p dropins --bench gateway`. One server has one processor; this process and an upstream
//! that answers at once have the other one. Both ways are judged by the same code with the same store, so the difference
//! is what forwarding adds: reading and writing two more messages, and the credential. They take turns; the table has the
//! medians of the rounds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement may panic"
)]

#[path = "../token/caller.rs"]
mod caller;
#[path = "../end_to_end/home.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod home;
#[path = "../token/processor.rs"]
mod processor;
#[path = "../end_to_end/program.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod program;
#[path = "../token/served.rs"]
mod served;

use std::net::Ipv4Addr;
use std::process::Command;

use axum::Router;
use axum::http::header;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use dropins_host::services::{Clock as _, SystemClock};
use dropins_keys::{KeyFamily, SigningKey};
use serde_json::json;

use home::{TestHome, free_address};
use program::{DROPINS, command};
use served::{Served, median};

const ROUNDS: usize = 7;

/// Connections, and the requests of a round.
const LOADS: [(usize, usize); 2] = [(1, 1_500), (32, 6_000)];

/// What forwarding may add, in µs.
const BUDGET: f64 = 60.0;

/// The argument that makes this program the upstream.
const UPSTREAM: &str = "--upstream";

const ISSUER: &str = "https://as.example.com";
const CLIENT: &str = "app";

fn main() {
    if std::env::args().any(|argument| argument == UPSTREAM) {
        return serve();
    }
    let (home, key) = (TestHome::new(), SigningKey::generate(KeyFamily::P256).unwrap());
    std::fs::write(home.conf("app.pem"), key.public_key_pem().unwrap()).unwrap();
    processor::use_only(1);
    let upstream = Served::start(Command::new(std::env::current_exe().unwrap()).arg(UPSTREAM));
    let (gateway, asked) = (free_address(), free_address());
    home.replace("listen = \"127.0.0.1:9763\"\nenabled = false", &format!("listen = \"{gateway}\"\nenabled = true"));
    home.append(&format!(
        "[transport.authz]\nenabled = true\nlisten = \"{asked}\"\nissuer = \"{ISSUER}\"\n\
         [[upstream]]\nissuer = \"{ISSUER}\"\ntarget = \"http://{}\"\ntoken_endpoint = \"/oauth2/token\"\n\
         [[service_provider]]\nclient_id = \"{CLIENT}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         certificate_file = \"app.pem\"\nupstream_client_secret = \"a secret of the upstream\"\n",
        upstream.1
    ));
    processor::use_only(0);
    let log = std::fs::File::create(home.path("server.log")).unwrap();
    let server = Served::start(command(DROPINS).args(["serve", "--home", home.root()]).stderr(log));
    processor::use_only(1);
    println!("processor time of a request in µs; forwarding may add {BUDGET:.0} µs to authentication");
    for (connections, requests) in LOADS {
        let ways = [(asked, "/envoy/oauth2/token"), (gateway, "/oauth2/token")];
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for ((address, path), times) in ways.iter().zip(&mut times) {
                let requests: Vec<_> = (0..requests).map(|_| request(&key, path)).collect();
                let before = processor::time(server.0.id());
                caller::send(*address, connections, &requests);
                let used = processor::time(server.0.id()) - before;
                times.push(used.as_secs_f64() * 1e6 / requests.len() as f64);
            }
        }
        let [asked, forwarded] = times.map(median);
        let added = forwarded - asked;
        let verdict = if added <= BUDGET { "within the budget" } else { "OVER THE BUDGET" };
        println!(
            "{connections:>3} connections | authentication {asked:.0} µs | forwarded {forwarded:.0} µs ({:.2}x) | adds {added:.0} µs, {verdict}",
            forwarded / asked
        );
    }
}

/// A token request with a new assertion.
fn request(key: &SigningKey, path: &str) -> Vec<u8> {
    let now = SystemClock.now_seconds();
    let jti = dropins_protocol::reference();
    let claims = json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": jti, "iat": now, "exp": now + 300 });
    let assertion = key.compact_jws(&json!({ "alg": "ES256", "typ": "JWT" }), &claims).unwrap();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", kind),
        ("client_assertion", assertion.as_str()),
    ];
    caller::post_to(path, &fields)
}

/// An upstream that answers at once, until it is killed.
fn serve() {
    let answer = || async { ([(header::CONTENT_TYPE, "application/json")], "{\"access_token\":\"of the upstream\"}") };
    let router = Router::new().route("/oauth2/token", post(answer));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap()), router).await.unwrap();
    });
}
