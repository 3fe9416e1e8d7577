//! Requests through the gateway while plug-ins are swapped and the upstream is restarted: none is lost that the upstream
//! would have answered, and none reaches it twice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::{Http, Request};
use crate::operator::{Operator, version};
use crate::server::{Server, credential};
use crate::upstream::{ISSUER, Received, Reply, Upstream, in_front_of};
use crate::wait::until;

const CALLERS: usize = 8;
const REQUESTS: usize = 10_000;
const RESTARTS: usize = 8;
const SWAPS: usize = 6;

/// A request, and what became of it.
struct Sent {
    id: String,
    at: Instant,
    answered: Instant,
    status: u16,
}

/// How often the upstream received each request.
type Seen = Arc<Mutex<HashMap<String, usize>>>;

fn behaviour(seen: &Seen) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
    let seen = Arc::clone(seen);
    move |request| {
        let (_, id) = request.body.rsplit_once("scope=").unwrap();
        *seen.lock().unwrap().entry(id.to_owned()).or_default() += 1;
        Reply::Answer(200, "", "token".to_owned())
    }
}

/// Sends until there were so many requests, and so many swaps.
fn call(home: &TestHome, client: &TestClient, count: &AtomicUsize, swaps: &AtomicUsize) -> Vec<Sent> {
    let (http, url) = (Http::new(home.https, &home.authority()), format!("{}/oauth2/token", home.issuer()));
    let mut sent = Vec::new();
    while count.load(SeqCst) < REQUESTS || swaps.load(SeqCst) < SWAPS {
        count.fetch_add(1, SeqCst);
        let id = format!("{}-{}", client.id, sent.len());
        let assertion = client.assertion().claim("aud", ISSUER).sign();
        let request = Request::form(&url, &[&credential(&assertion)[..], &[("scope", &id)]].concat());
        let at = Instant::now();
        let status = http.send(request).status;
        sent.push(Sent { id, at, answered: Instant::now(), status });
    }
    sent
}

#[test]
fn swaps_and_restarts_of_the_upstream_lose_no_request_that_it_would_have_answered_and_double_none() {
    let (home, seen) = (TestHome::new(), Seen::default());
    let upstream = Upstream::with(behaviour(&seen));
    in_front_of(&home, &upstream, "");
    let clients: Vec<_> = (0..CALLERS)
        .map(|number| TestClient::register_with(&home, &format!("c{number}"), "upstream_client_secret = \"theirs\""))
        .collect();
    let server = Server::start(&home);
    let (count, swaps) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut down = Vec::new();
    let (sent, upstream) = std::thread::scope(|scope| {
        let callers: Vec<_> =
            clients.iter().map(|client| scope.spawn(|| call(&home, client, &count, &swaps))).collect();
        scope.spawn(|| {
            let mut operator = Operator::new(&home, &server);
            for number in 0..SWAPS {
                operator.install(&version(u8::try_from(number % 2).unwrap()));
                swaps.fetch_add(1, SeqCst);
            }
        });
        let mut upstream = upstream;
        for restart in 1..=RESTARTS {
            let due = REQUESTS * restart / (RESTARTS + 1);
            until("some requests are sent", || {
                std::thread::park_timeout(Duration::from_millis(1));
                (count.load(SeqCst) >= due).then_some(())
            });
            let (address, began) = (upstream.address(), Instant::now());
            drop(upstream);
            upstream = Upstream::at(address, behaviour(&seen));
            down.push((began, Instant::now()));
        }
        let sent: Vec<_> = callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect();
        (sent, upstream)
    });
    assert!(sent.len() >= REQUESTS, "{}", sent.len());
    let seen = seen.lock().unwrap();
    let mut failed = 0;
    for request in &sent {
        let times = seen.get(&request.id).copied().unwrap_or_default();
        assert!(times <= 1, "{} reached the upstream {times} times", request.id);
        if request.status == 200 {
            assert_eq!(times, 1, "{}", request.id);
            continue;
        }
        failed += 1;
        let overlaps = down.iter().any(|(from, to)| request.at <= *to && request.answered >= *from);
        assert!(request.status == 502 && overlaps, "{}: {} while the upstream was up", request.id, request.status);
    }
    assert!(failed < REQUESTS / 4, "{failed} of {REQUESTS} failed");
    drop(upstream);
}
