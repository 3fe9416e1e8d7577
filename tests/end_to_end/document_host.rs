//! A host of client metadata documents and key sets: HTTPS on 127.0.0.1, one answer for each path, counted.
//!
//! Its name is `localhost`; its certificate also holds for 127.0.0.1, and is its own authority.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};

use dropins_keys::SigningKey;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::accepting::Accepting;

/// The size of an answer that is much too large, in bytes.
const LARGE: usize = 100 << 20;

/// What the host answers at a path.
#[derive(Clone)]
pub(crate) enum Page {
    /// A JSON document.
    Json(Value),
    /// The same by another content type.
    Typed(&'static str, Value),
    /// A status without a body.
    Status(u16),
    /// A redirect to this URL.
    Redirect(String),
    /// 100 MB, without a `Content-Length`.
    Large,
    /// Nothing, until the client hangs up.
    Silent,
}

/// A running host.
pub(crate) struct DocumentHost {
    shared: Arc<Shared>,
    certificate: tempfile::TempDir,
    accepting: Accepting,
}

struct Shared {
    pages: Mutex<BTreeMap<String, Page>>,
    /// Read by each answer, so that a writer holds them all back.
    gate: RwLock<()>,
    requests: AtomicUsize,
}

impl DocumentHost {
    /// Starts a host without a page.
    pub(crate) fn start() -> Self {
        let identity = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let certificate = tempfile::tempdir().unwrap();
        std::fs::write(certificate.path().join("ca.pem"), identity.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(identity.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![identity.cert.der().clone()], key).unwrap();
        let config = Arc::new(config);
        let shared = Arc::new(Shared { pages: Mutex::default(), gate: RwLock::new(()), requests: AtomicUsize::new(0) });
        let accepting = Accepting::start({
            let shared = Arc::clone(&shared);
            move |connection| {
                let tls = ServerConnection::new(Arc::clone(&config)).map_err(std::io::Error::other)?;
                shared.answer(StreamOwned::new(tls, connection))
            }
        });
        Self { shared, certificate, accepting }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.accepting.address.port())
    }

    /// The same by the host's address.
    pub(crate) fn url_by_address(&self, path: &str) -> String {
        format!("https://{}{path}", self.accepting.address)
    }

    /// What a path answers from now on.
    pub(crate) fn serve(&self, path: &str, page: Page) {
        self.shared.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), page);
    }

    /// Serves the document of a client at this path, with further members; returns its id.
    pub(crate) fn client(&self, path: &str, further: &Value) -> String {
        let id = self.url(path);
        let mut document = json!({ "client_id": id });
        document.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        self.serve(path, Page::Json(document));
        id
    }

    /// The environment of a program that trusts the host.
    pub(crate) fn authority(&self) -> (&'static str, PathBuf) {
        ("SSL_CERT_FILE", self.certificate.path().join("ca.pem"))
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

/// A key set with the public halves; their `kid` is the thumbprint.
pub(crate) fn key_set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.public_jwk()).collect::<Vec<_>>() })
}

impl Shared {
    fn answer(&self, mut stream: StreamOwned<ServerConnection, TcpStream>) -> std::io::Result<()> {
        let mut lines = BufReader::new(&mut stream).lines().map_while(Result::ok);
        let line = lines.next().unwrap_or_default();
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        self.requests.fetch_add(1, SeqCst);
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let page = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        let mut send = |head: &str, body: &str| {
            let length = body.len();
            write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
            stream.flush()
        };
        match page.unwrap_or(Page::Status(404)) {
            Page::Json(document) => send("200 OK\r\ncontent-type: application/json", &document.to_string()),
            Page::Typed(kind, document) => send(&format!("200 OK\r\ncontent-type: {kind}"), &document.to_string()),
            Page::Status(status) => send(&format!("{status} Chosen"), ""),
            Page::Redirect(url) => send(&format!("302 Found\r\nlocation: {url}"), ""),
            Page::Large => {
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n")?;
                let part = [b' '; 64 << 10];
                (0..LARGE / part.len()).try_for_each(|_| stream.write_all(&part))
            }
            Page::Silent => stream.read(&mut [0]).map(drop),
        }
    }
}
