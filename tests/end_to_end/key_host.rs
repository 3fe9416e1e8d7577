//! The host of a client's JWKS URI: it gives every request the same answer, until told another, and counts.
//!
//! HTTP without TLS on 127.0.0.1, one connection per request. It is down as soon as it is dropped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};

use dropins_keys::SigningKey;
use serde_json::json;

use crate::accepting::Accepting;
use crate::client::TestClient;
use crate::home::TestHome;

/// The size of an answer that is much too large, in bytes.
const LARGE: usize = 100 << 20;

/// What the host answers.
#[derive(Debug, Clone)]
pub(crate) enum KeyAnswer {
    /// A key set.
    Keys(String),
    /// A redirect to this URL.
    Redirect(&'static str),
    /// [`LARGE`] bytes, with or without a `Content-Length`.
    Large { announced: bool },
}

impl KeyAnswer {
    /// The set of the public halves; their `kid` is the thumbprint.
    pub(crate) fn keys(keys: &[&SigningKey]) -> Self {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        Self::Keys(json!({ "keys": keys }).to_string())
    }
}

/// A running host.
pub(crate) struct KeyHost {
    shared: Arc<Shared>,
    accepting: Accepting,
}

struct Shared {
    answer: Mutex<KeyAnswer>,
    /// Read by each answer, so that a writer holds them all back.
    gate: RwLock<()>,
    requests: AtomicUsize,
}

impl KeyHost {
    /// Starts a host.
    pub(crate) fn start(answer: KeyAnswer) -> Self {
        let shared =
            Arc::new(Shared { answer: Mutex::new(answer), gate: RwLock::new(()), requests: AtomicUsize::new(0) });
        let accepting = Accepting::start({
            let shared = Arc::clone(&shared);
            move |connection| shared.answer(connection)
        });
        Self { shared, accepting }
    }

    /// Where the keys are.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/jwks.json", self.accepting.address)
    }

    /// Answers differently from now on.
    pub(crate) fn answer(&self, answer: KeyAnswer) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    /// Takes requests without an answer until the result is dropped.
    pub(crate) fn hold(&self) -> RwLockWriteGuard<'_, ()> {
        self.shared.gate.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(SeqCst)
    }
}

impl Shared {
    fn answer(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let head = BufReader::new(connection.try_clone()?).lines().map_while(Result::ok);
        head.take_while(|line| !line.is_empty()).for_each(drop);
        self.requests.fetch_add(1, SeqCst);
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match answer {
            KeyAnswer::Keys(set) => {
                let length = set.len();
                write!(connection, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")?;
                write!(connection, "content-length: {length}\r\nconnection: close\r\n\r\n{set}")
            }
            KeyAnswer::Redirect(url) => {
                write!(connection, "HTTP/1.1 302 Found\r\nlocation: {url}\r\n")?;
                write!(connection, "content-length: 0\r\nconnection: close\r\n\r\n")
            }
            KeyAnswer::Large { announced } => {
                let length = if announced { format!("content-length: {LARGE}\r\n") } else { String::new() };
                write!(connection, "HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\n")?;
                let part = [b' '; 64 << 10];
                (0..LARGE / part.len()).try_for_each(|_| connection.write_all(&part))
            }
        }
    }
}

/// Lets the server of a home fetch from hosts of this kind, which may answer late.
pub(crate) fn allow(home: &TestHome) {
    home.append("[oauth.jwks_endpoint]\nallow_http_hosts = [\"127.0.0.1\"]\nallowed_private_hosts = [\"127.0.0.1\"]\n");
}

/// A client that publishes its keys at this host.
pub(crate) fn publisher(home: &TestHome, host: &KeyHost, id: &str) -> TestClient {
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         grant_types = [\"client_credentials\"]\njwks_uri = \"{}\"\n",
        host.url()
    ));
    TestClient::unregistered(home, id)
}
