//! SIGKILL at random moments under load, on the embedded database: no assertion that got a token gets another one.
//!
//! `DROPINS_CRASH_ROUNDS` (default 50) says how often the server is killed, `DROPINS_CRASH_SEED` repeats the moments of an earlier run.

use std::hash::{BuildHasher as _, DefaultHasher, Hash, Hasher as _, RandomState};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::attempt::Attempt;
use crate::client::{TestClient, now};
use crate::home::TestHome;
use crate::server::Server;
use crate::wait::until;

const CLIENTS: usize = 6;
/// A round ends after at most so many tokens,
const TOKENS: u64 = 150;
/// and then so many microseconds, which is as long as several transactions take.
const FURTHER: u64 = 10_000;
/// How many assertions of earlier rounds are posted again, besides all of the last one.
const SAMPLE: usize = 50;

/// Numbers that are random, but the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&self, bound: u64, what: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0, what).hash(&mut hasher);
        hasher.finish() % bound
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// What the clients know about the assertions that they posted.
#[derive(Default)]
struct Known {
    tokens: Vec<String>,
    undecided: Vec<String>,
}

/// Posts fresh assertions from several threads until the server is killed, some time after it issued so many tokens.
fn load_until_killed(server: Server, client: &TestClient, tokens: u64, further: Duration) -> Known {
    let (given, (reached, enough)) = (AtomicU64::new(0), mpsc::channel());
    let post = |reached: mpsc::Sender<()>| {
        let mut known = Known::default();
        loop {
            let assertion = mint(client);
            match Attempt::at(&server, &assertion) {
                Attempt::Token => {
                    known.tokens.push(assertion);
                    if given.fetch_add(1, Ordering::Relaxed) + 1 == tokens {
                        reached.send(()).unwrap();
                    }
                }
                Attempt::Replayed => panic!("a fresh assertion was rejected as a replay"),
                Attempt::Unavailable => known.undecided.push(assertion),
                Attempt::Unanswered => {
                    known.undecided.push(assertion);
                    return known;
                }
            }
        }
    };
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let reached = reached.clone();
                scope.spawn(|| post(reached))
            })
            .collect();
        drop(reached);
        enough.recv().expect("the server went away by itself");
        // No client sends again: this is the random moment.
        assert_eq!(enough.recv_timeout(further), Err(RecvTimeoutError::Timeout));
        server.signal("KILL");
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(server.end("KILL").0, None, "killed, not stopped");
    all.into_iter().fold(Known::default(), |mut all, known| {
        all.tokens.extend(known.tokens);
        all.undecided.extend(known.undecided);
        all
    })
}

/// Valid for the whole test, so that only the memory of the server rejects it.
fn mint(client: &TestClient) -> String {
    client.assertion().claim("exp", now() + 3500).sign()
}

/// Posts every assertion, several at once, and says which of them got a token.
fn post_again(server: &Server, assertions: &[&String]) -> Vec<String> {
    let decide = |assertion: &str| {
        let attempt = until("the store decides", || {
            Some(Attempt::at(server, assertion)).filter(|attempt| *attempt != Attempt::Unavailable)
        });
        assert_ne!(attempt, Attempt::Unanswered);
        attempt == Attempt::Token
    };
    let post = |share: &[&String]| -> Vec<String> {
        share.iter().filter(|assertion| decide(assertion)).map(|assertion| (*assertion).clone()).collect()
    };
    std::thread::scope(|scope| {
        let shares = assertions.chunks(assertions.len().div_ceil(CLIENTS).max(1));
        let threads: Vec<_> = shares.map(|share| scope.spawn(move || post(share))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn no_assertion_that_got_a_token_is_accepted_again_after_a_kill_at_any_moment() {
    let rounds = number("DROPINS_CRASH_ROUNDS").unwrap_or(50);
    let random = Random(number("DROPINS_CRASH_SEED").unwrap_or_else(|| RandomState::new().hash_one(0)));
    // Not `eprintln!`, which the test runner keeps to itself.
    writeln!(std::io::stderr(), "{rounds} kills with DROPINS_CRASH_SEED={}", random.0).unwrap();
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    home.detail_errors();
    let mut older: Vec<String> = Vec::new();
    let mut last = Known::default();
    for round in 0..=rounds {
        let server = Server::start(&home);
        let sample =
            (0..SAMPLE).filter_map(|n| older.get(random.below(older.len().max(1) as u64, (round, n)) as usize));
        let used: Vec<&String> = last.tokens.iter().chain(sample).collect();
        assert_eq!(post_again(&server, &used), [""; 0], "round {round}: a second token");
        // An assertion without an answer may be free or consumed; it gets one token at most.
        let undecided: Vec<&String> = last.undecided.iter().chain(&last.undecided).collect();
        let mut late = post_again(&server, &undecided);
        late.sort();
        let accepted = late.len();
        late.dedup();
        assert_eq!(late.len(), accepted, "round {round}: two tokens for an assertion that had no answer");
        older.append(&mut last.tokens);
        older.append(&mut late);
        if round < rounds {
            let further = Duration::from_micros(random.below(FURTHER, (round, "further")));
            last = load_until_killed(server, &client, 1 + random.below(TOKENS, (round, "tokens")), further);
        }
    }
}
