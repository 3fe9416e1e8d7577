//! What the tests of this module share: a server whose answers are chosen, names whose addresses are chosen, and keys.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dropins_services::{FixedClock, UnixMillis};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::guard::Lookup;
use super::{FetchSettings, HostList, JwksFetcher, JwksUrl};
use dropins_keys::{KeyFamily, SigningKey};

pub(crate) const NOW: UnixMillis = 1_800_000_000_000;
pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// Names with chosen addresses.
pub(crate) struct Names {
    addresses: Mutex<HashMap<String, Vec<IpAddr>>>,
    pub(crate) asked: AtomicUsize,
}

impl Names {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { addresses: Mutex::default(), asked: AtomicUsize::new(0) })
    }

    pub(crate) fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.addresses.lock().unwrap().insert(name.to_owned(), addresses);
    }
}

#[async_trait::async_trait]
impl Lookup for Names {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, SeqCst);
        self.addresses.lock().unwrap().get(name).cloned().ok_or_else(|| io::Error::other("no such name"))
    }
}

/// An answer.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes.
    Bytes(String),
    /// These bytes, then so many more.
    Flood(String, usize),
    /// These bytes, then nothing, and the connection stays open.
    Stall(String),
}

/// A response with a body.
pub(crate) fn ok(headers: &str, body: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

/// A response without a body.
pub(crate) fn status(line: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n"))
}

type Handler = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// An HTTP server on the loopback interface.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    handler: Mutex<Handler>,
    requests: Mutex<Vec<String>>,
    /// Answers that may be given; closed doors hold requests back.
    pub(crate) doors: Semaphore,
    /// Bytes that a flood could write.
    pub(crate) written: AtomicUsize,
}

impl Server {
    pub(crate) async fn start(reply: Reply) -> Arc<Self> {
        Self::listen(None, reply).await
    }

    pub(crate) async fn start_tls(identity: &Identity, reply: Reply) -> Arc<Self> {
        Self::listen(Some(identity.acceptor()), reply).await
    }

    async fn listen(tls: Option<tokio_rustls::TlsAcceptor>, reply: Reply) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            handler: Mutex::new(Arc::new(|_| status("500"))),
            requests: Mutex::default(),
            doors: Semaphore::new(10_000),
            written: AtomicUsize::new(0),
        });
        server.answer(reply);
        let own = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, tls) = (Arc::clone(&own), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => server.serve(stream).await,
                        Some(tls) => server.serve(tls.accept(stream).await?).await,
                    }
                });
            }
        });
        server
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await?);
        }
        let request = String::from_utf8(request).unwrap();
        self.requests.lock().unwrap().push(request.clone());
        self.doors.acquire().await.unwrap().forget();
        let handler = Arc::clone(&self.handler.lock().unwrap());
        match handler(&request) {
            Reply::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await?,
            Reply::Flood(head, bytes) => {
                stream.write_all(head.as_bytes()).await?;
                let chunk = vec![b' '; 64 * 1024];
                while self.written.load(SeqCst) < bytes {
                    stream.write_all(&chunk).await?;
                    self.written.fetch_add(chunk.len(), SeqCst);
                }
            }
            Reply::Stall(bytes) => {
                stream.write_all(bytes.as_bytes()).await?;
                let _until_closed = stream.read_u8().await;
            }
        }
        stream.shutdown().await
    }

    pub(crate) fn answer(&self, reply: Reply) {
        self.answer_by(move |_| reply.clone());
    }

    pub(crate) fn answer_by(&self, handler: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Arc::new(handler);
    }

    pub(crate) fn hits(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub(crate) fn last_request(&self) -> String {
        self.requests.lock().unwrap().last().unwrap().to_lowercase()
    }

    pub(crate) fn close_doors(&self) {
        self.doors.forget_permits(usize::MAX);
    }
}

/// A TLS identity that no authority vouches for.
pub(crate) struct Identity(rcgen::CertifiedKey<rcgen::KeyPair>);

impl Identity {
    pub(crate) fn of(name: &str) -> Self {
        Self(rcgen::generate_simple_self_signed([name.to_owned()]).unwrap())
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.0.cert.der().clone()
    }

    fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.0.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![self.certificate()], key).unwrap();
        Arc::new(config).into()
    }
}

/// A fetcher at a chosen time, with chosen names.
pub(crate) struct Bench {
    pub(crate) fetcher: JwksFetcher,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) names: Arc<Names>,
}

impl Bench {
    /// Plain HTTP to 127.0.0.1 is allowed; `keys.test` may be private and is 127.0.0.1.
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: FetchSettings) -> Self {
        let clock = Arc::new(FixedClock::at(NOW));
        let names = Names::new();
        names.set("keys.test", &["127.0.0.1"]);
        let fetcher = JwksFetcher::with_lookup(settings, Arc::clone(&clock) as _, Arc::clone(&names) as _).unwrap();
        Self { fetcher, clock, names }
    }

    pub(crate) fn url(&self, text: &str) -> JwksUrl {
        JwksUrl::parse(text, self.fetcher.settings()).unwrap()
    }

    pub(crate) fn url_of(&self, server: &Server) -> JwksUrl {
        self.url(&format!("http://{}/jwks", server.address))
    }

    /// Moves the clock to so many milliseconds after the beginning.
    pub(crate) fn at(&self, millis: u64) {
        self.clock.set(NOW + millis);
    }
}

/// Patient, because a busy machine is no reason to fail.
pub(crate) fn settings() -> FetchSettings {
    FetchSettings {
        connection_timeout: Duration::from_secs(20),
        read_timeout: Duration::from_secs(20),
        allow_http: HostList::parse(["127.0.0.1", "keys.test", "rebinding.test"]).unwrap(),
        allow_private: HostList::parse(["127.0.0.1", "keys.test"]).unwrap(),
        ..FetchSettings::default()
    }
}

/// A public key with this `kid`.
pub(crate) fn jwk(kid: &str) -> Map<String, Value> {
    let mut jwk = SigningKey::generate(KeyFamily::P256).unwrap().public_jwk();
    jwk.insert("kid".to_owned(), json!(kid));
    jwk
}

/// A key set whose keys have these `kid`s.
pub(crate) fn jwks(kids: &[&str]) -> String {
    json!({ "keys": kids.iter().map(|kid| jwk(kid)).collect::<Vec<_>>() }).to_string()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
