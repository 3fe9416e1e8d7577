//! A constant load of valid assertions, and the outcome of every request.
//!
//! Each caller is a client with an id and a connection of its own, and has one request at a time. The server writes one
//! audit event per decision before it answers, so the n-th event of a client is the decision about its n-th request:
//! no answer has to tell which plug-in it comes from.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::{Http, Request};
use crate::server::credential;

/// How often a caller sends a request, whether the one before was fast or slow.
const EVERY: Duration = Duration::from_millis(20);

/// Callers at work.
pub(crate) struct Load(Vec<(Sender<()>, JoinHandle<Calls>)>);

/// What one client sent, in order.
pub(crate) struct Calls {
    pub(crate) client: String,
    pub(crate) sent: Vec<Sent>,
}

/// A request with its answer.
pub(crate) struct Sent {
    /// Its scheduled time: a request that waits for a slow one before it is late from here.
    pub(crate) due: Instant,
    pub(crate) at: Instant,
    pub(crate) answered: Instant,
    /// The answer in place of a token.
    pub(crate) failure: Option<String>,
}

/// What an audit event says about a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) outcome: String,
    pub(crate) generation: u64,
    pub(crate) digest: String,
}

/// Registers so many clients, before the server starts.
pub(crate) fn callers(home: &TestHome, count: usize) -> Vec<TestClient> {
    (0..count).map(|number| TestClient::register(home, &format!("caller-{number}"))).collect()
}

impl Load {
    /// Has every client call the server of this home until the load is ended.
    pub(crate) fn start(home: &TestHome, clients: Vec<TestClient>) -> Self {
        let callers = clients.into_iter().map(|client| {
            let (http, url) = (Http::new(home.https, &home.authority()), home.token_endpoint());
            let (stop, stopped) = mpsc::channel();
            (stop, std::thread::spawn(move || call(&client, &http, &url, &stopped)))
        });
        Self(callers.collect())
    }

    /// Lets the last requests finish.
    pub(crate) fn end(self) -> Vec<Calls> {
        let (stops, callers): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        drop(stops);
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    }
}

fn call(client: &TestClient, http: &Http, url: &str, stopped: &Receiver<()>) -> Calls {
    let (began, mut sent) = (Instant::now(), Vec::new());
    for due in (0..).map(|turn| began + EVERY * turn) {
        let wait = due.saturating_duration_since(Instant::now());
        if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        let request = Request::form(url, &credential(&client.mint()));
        let at = Instant::now();
        let answer = http.try_send(request);
        let answered = Instant::now();
        let failure = match answer {
            Ok(answer) if answer.status == 200 => None,
            Ok(answer) => Some(format!("{answer:?}")),
            Err(error) => Some(format!("{error:?}")),
        };
        sent.push(Sent { due, at, answered, failure });
    }
    Calls { client: client.id.clone(), sent }
}

/// The decisions of a log in JSON, by client, in the order in which they were made.
pub(crate) fn decisions(log: &str) -> BTreeMap<String, Vec<Decision>> {
    let mut decisions: BTreeMap<String, Vec<Decision>> = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains("dropins::audit")) {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        decisions.entry(text("client")).or_default().push(Decision {
            outcome: text("outcome"),
            generation: event["generation"].as_u64().unwrap_or_default(),
            digest: text("digest"),
        });
    }
    decisions
}
