//! What a token request costs in processor time: this server beside a bare one, and beside node-oidc-provider.
//!
//! `TMPDIR=/dev/shm cargo bench -p dropins --bench token`, with names of algorithms after `--` to measure those alone.
//! Each server has one processor, this process the other one. Plain HTTP, valid assertions of one client for each
//! algorithm; before the measurement they are signed, during it every server is sent the same ones. The servers take
//! turns, so whatever else the machine does weighs on all of them. The table has the medians of the rounds.
//!
//! With `--memory` after `--` it prints the resident memory of this server instead, idle and after a million requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement may panic"
)]

mod caller;
mod floor;
#[path = "../end_to_end/home.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod home;
mod processor;
#[path = "../end_to_end/program.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod program;
mod served;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dropins_host::services::{Clock as _, SystemClock};
use dropins_keys::{Algorithm, KeyFamily, SigningKey};
use serde_json::{Value, json};

use home::{TestHome, free_address};
use program::{DROPINS, command, install_client, installed, resident_kib};
use served::{Served, median};

const ALGORITHMS: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];

const ROUNDS: usize = 5;

/// Connections, and the requests of a round.
const LOADS: [(usize, usize); 2] = [(1, 1_500), (32, 6_000)];

/// The requests after which the memory is read, and of how many the caller holds the assertions at once.
const MILLION: usize = 1_000_000;
const AT_ONCE: usize = 20_000;

/// After this time a server that has started has no threads left from that.
const SETTLING: Duration = Duration::from_secs(15);

/// The argument that makes this program the floor.
const FLOOR: &str = "--floor";

/// The argument that measures memory.
const MEMORY: &str = "--memory";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [FLOOR, job] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return floor::serve(Path::new(job));
    }
    let wanted = |algorithm: &Algorithm| {
        let names: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
        names.is_empty() || names.iter().any(|name| *name == algorithm.name())
    };
    let home = TestHome::new();
    let clients = ALGORITHMS.map(|algorithm| Client::register(&home, algorithm));
    if arguments.iter().any(|argument| argument == MEMORY) {
        processor::use_only(0);
        // The first one compiles the plug-ins; what the compiler leaves is another number.
        drop(ours(&home));
        let server = serve(&home);
        processor::use_only(1);
        let [_, _, client, _] = &clients;
        return measure_memory(client, &server);
    }
    let job = home.path("job.json");
    std::fs::write(
        &job,
        json!({ "issuer": home.issuer(), "clients": clients.each_ref().map(Client::job) }).to_string(),
    )
    .unwrap();
    let pooled = home.node();
    pooled.replace("order = 899", "order = 899\nisolation = \"pooled\"");
    processor::use_only(0);
    let bare = Served::start(Command::new(std::env::current_exe().unwrap()).arg(FLOOR).arg(&job));
    let mut servers = vec![("floor", bare), ("fresh", ours(&home)), ("pooled", ours(&pooled))];
    if installed(&["node", "npm"])
        && let Some(folder) = install_client("oidc-provider")
    {
        let mut node = command("node");
        node.current_dir(folder).arg("server.mjs").arg(&job).env("NODE_ENV", "production");
        servers.push(("node-oidc-provider", Served::start(&mut node)));
    }
    processor::use_only(1);
    println!("processor time of a token request in µs, and as a multiple of the floor; the 99th percentile in ms");
    for client in clients.iter().filter(|client| wanted(&client.algorithm)) {
        for (connections, requests) in LOADS {
            measure(client, connections, requests, &servers);
        }
    }
}

/// Prints a line of the table.
fn measure(client: &Client, connections: usize, requests: usize, servers: &[(&str, Served)]) {
    let mut samples = vec![(Vec::new(), Vec::new()); servers.len()];
    for _ in 0..ROUNDS {
        let requests: Vec<_> = (0..requests).map(|_| client.request()).collect();
        for ((_, server), (times, slowest)) in servers.iter().zip(&mut samples) {
            let before = processor::time(server.0.id());
            let latencies = caller::send(server.1, connections, &requests);
            let used = processor::time(server.0.id()) - before;
            times.push(used.as_secs_f64() * 1e6 / requests.len() as f64);
            slowest.push(latencies[latencies.len() * 99 / 100].as_secs_f64() * 1e3);
        }
    }
    let mut floor = None;
    print!("{:6}{connections:>3} connections", client.algorithm.name());
    for ((name, _), (times, slowest)) in servers.iter().zip(samples) {
        let (time, slow) = (median(times), median(slowest));
        let floor = *floor.get_or_insert(time);
        print!(" | {name} {time:.0} µs ({:.2}x) {slow:.1} ms", time / floor);
    }
    println!();
}

/// Prints the resident memory of a server, idle and after many requests.
fn measure_memory(client: &Client, server: &Served) {
    std::thread::sleep(SETTLING);
    println!("resident memory in KiB: {} idle", resident_kib(server.0.id()));
    for _ in 0..MILLION / AT_ONCE {
        let requests: Vec<_> = (0..AT_ONCE).map(|_| client.request()).collect();
        caller::send(server.1, 32, &requests);
    }
    println!("{} after {MILLION} requests on 32 connections", resident_kib(server.0.id()));
}

/// The program, serving a home over plain HTTP.
fn ours(home: &TestHome) -> Served {
    let plain = format!("listen = \"{}\"\nenabled = true", free_address());
    home.replace("listen = \"127.0.0.1:9763\"\nenabled = false", &plain);
    serve(home)
}

/// The program, serving a home, with its log in a file.
fn serve(home: &TestHome) -> Served {
    let log = std::fs::File::create(home.path("server.log")).unwrap();
    Served::start(command(DROPINS).args(["serve", "--home", home.root()]).stderr(log))
}

/// A client that signs with one algorithm.
struct Client {
    algorithm: Algorithm,
    key: SigningKey,
    issuer: String,
}

impl Client {
    fn register(home: &TestHome, algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(KeyFamily::for_algorithm(algorithm)).unwrap();
        let name = algorithm.name();
        std::fs::write(home.conf(&format!("{name}.pem")), key.public_key_pem().unwrap()).unwrap();
        home.append(&format!(
            "[[service_provider]]\nclient_id = \"{name}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
             grant_types = [\"client_credentials\"]\ncertificate_file = \"{name}.pem\"\n"
        ));
        Self { algorithm, key, issuer: home.issuer() }
    }

    /// What other servers need to know of it.
    fn job(&self) -> Value {
        let (name, pem) = (self.algorithm.name(), self.key.public_key_pem().unwrap());
        json!({ "client_id": name, "alg": name, "jwk": self.key.public_jwk(), "pem": pem })
    }

    /// A token request with a new assertion.
    fn request(&self) -> Vec<u8> {
        let (name, now) = (self.algorithm.name(), SystemClock.now_seconds());
        let jti = dropins_protocol::reference();
        let claims = json!({
            "iss": name, "sub": name, "aud": self.issuer, "jti": jti, "iat": now, "exp": now + 300,
        });
        let assertion = self.key.compact_jws(&json!({ "alg": name, "typ": "JWT" }), &claims).unwrap();
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        caller::post(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", kind),
            ("client_assertion", &assertion),
        ])
    }
}
