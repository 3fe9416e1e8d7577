//! What a swap costs the requests in flight: the real program under a constant load, quiet and swapping in turns.
//!
//! `cargo bench -p dropins --bench load` prints what it measured and fails when a bound is missed. Latency
//! counts from the scheduled time of a request, so that a stall is not hidden by the requests that it delays. Quiet and
//! swapping phases take turns, so other work of the machine weighs on both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement may panic"
)]
#![allow(clippy::disallowed_methods, reason = "it waits while others work")]

#[path = "../end_to_end/client.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod client;
#[path = "../end_to_end/home.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod home;
#[path = "../end_to_end/http.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod http;
#[path = "../end_to_end/load.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod load;
#[path = "../end_to_end/operator.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod operator;
#[path = "../end_to_end/program.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod program;
#[path = "../end_to_end/server.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod server;
#[path = "../end_to_end/wait.rs"]
mod wait;

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use home::TestHome;
use load::{Calls, Load, callers};
use operator::{Operator, version};
use server::Server;

const CALLERS: usize = 4;
const ROUNDS: u8 = 10;
const SWAPS_PER_ROUND: usize = 10;

/// How much slower the slowest hundredth may be while plug-ins are swapped.
const MOST: f64 = 3.0;
/// The same while new ones are compiled: the kernel lets the compiler, although niced, end its turn of a few
/// milliseconds before a new request gets the processor.
const MOST_COMPILING: f64 = 6.0;

/// A new file serves within this time if its code was compiled before.
const VISIBLE: Duration = Duration::from_secs(2);

/// What went on in a phase.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Quiet,
    /// Between two versions that are compiled already.
    Swapping,
    /// To a version that was never compiled.
    Compiling,
}

/// A part of the run.
struct Span {
    phase: Phase,
    from: Instant,
    to: Instant,
}

fn main() -> ExitCode {
    let good = [latency(), time_to_visible()];
    if good.iter().all(|&good| good) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the phases under load; whether both kinds of swaps stay within the bound.
fn latency() -> bool {
    let home = TestHome::new();
    let clients = callers(&home, CALLERS);
    let server = Server::start(&home);
    let mut operator = Operator::new(&home, &server);
    let versions = [version(1), version(2)];
    versions.iter().for_each(|component| operator.install(component));
    let load = Load::start(&home, clients);
    let mut spans = Vec::new();
    for round in 1..=ROUNDS {
        let swapping = timed(&mut spans, Phase::Swapping, || {
            versions.iter().cycle().take(SWAPS_PER_ROUND).for_each(|component| operator.install(component));
        });
        // Let the work of the last swap end.
        sleep(Duration::from_millis(600));
        timed(&mut spans, Phase::Quiet, || sleep(swapping));
        timed(&mut spans, Phase::Compiling, || operator.install(&version(100 + round)));
        sleep(Duration::from_millis(600));
    }
    let calls = load.end();
    let failed = calls.iter().flat_map(|calls| &calls.sent).filter(|request| request.failure.is_some()).count();
    let quiet = report("quiet", &latencies(&calls, &spans, Phase::Quiet), None);
    let within =
        |what: &str, phase, most| report(what, &latencies(&calls, &spans, phase), Some(quiet)) <= quiet.mul_f64(most);
    let good = [within("swapping", Phase::Swapping, MOST), within("compiling", Phase::Compiling, MOST_COMPILING)];
    println!("the bounds are {MOST} and {MOST_COMPILING} times quiet; {failed} requests failed");
    failed == 0 && good.iter().all(|&good| good)
}

/// Whether the server notices a new file soon enough, its code compiled before.
fn time_to_visible() -> bool {
    let home = TestHome::new();
    let server = Server::start(&home);
    let mut operator = Operator::new(&home, &server);
    let versions = [version(1), version(2)];
    versions.iter().for_each(|component| operator.install(component));
    drop(server);
    let slowest = (0..5).map(|_| {
        let server = Server::start(&home);
        let mut operator = Operator::new(&home, &server);
        let next = versions.iter().find(|component| !operator.serves(component)).unwrap();
        operator.rename(next)
    });
    let slowest = slowest.max().unwrap();
    println!("a new file serves after {} ms at most; the bound is {} ms", slowest.as_millis(), VISIBLE.as_millis());
    slowest <= VISIBLE
}

fn timed(spans: &mut Vec<Span>, phase: Phase, work: impl FnOnce()) -> Duration {
    let from = Instant::now();
    work();
    let to = Instant::now();
    spans.push(Span { phase, from, to });
    to - from
}

/// The sorted latencies of the requests that were due in such a phase.
fn latencies(calls: &[Calls], spans: &[Span], phase: Phase) -> Vec<Duration> {
    let spans: Vec<_> = spans.iter().filter(|span| span.phase == phase).collect();
    let requests = calls.iter().flat_map(|calls| &calls.sent);
    let within = requests.filter(|request| spans.iter().any(|span| (span.from..span.to).contains(&request.due)));
    let mut latencies: Vec<_> = within.map(|request| request.answered - request.due).collect();
    latencies.sort();
    latencies
}

/// Prints a line about sorted latencies; the 99th percentile.
fn report(what: &str, latencies: &[Duration], quiet: Option<Duration>) -> Duration {
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    let ratio = quiet.map(|quiet| format!(", {:.2} times quiet", at(99).as_secs_f64() / quiet.as_secs_f64()));
    println!(
        "{what:>9}: {} requests, median {:.2} ms, p99 {:.2} ms{}, slowest {:.2} ms",
        latencies.len(),
        millis(at(50)),
        millis(at(99)),
        ratio.unwrap_or_default(),
        millis(at(100)),
    );
    at(99)
}
