//! A trusted issuer: an HTTPS server with an authority of its own, which may ask for a bearer token, and signed tokens.
//!
//! It serves a document a path and counts requests. It is down as soon as it is dropped.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use dropins_keys::{KeyFamily, SigningKey};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::accepting::Accepting;
use crate::client::now;
use crate::home::TestHome;

/// A running host.
pub(crate) struct IssuerHost {
    authority: String,
    shared: Arc<Shared>,
    accepting: Accepting,
}

struct Shared {
    tls: Arc<ServerConfig>,
    documents: Mutex<BTreeMap<String, String>>,
    token: Mutex<Option<String>>,
    requests: AtomicUsize,
}

impl IssuerHost {
    /// Starts a host without documents.
    pub(crate) fn start() -> Self {
        let (authority, tls) = identity();
        let shared = Arc::new(Shared {
            tls,
            documents: Mutex::default(),
            token: Mutex::default(),
            requests: AtomicUsize::new(0),
        });
        let accepting = Accepting::start({
            let shared = Arc::clone(&shared);
            move |connection| shared.answer(connection)
        });
        Self { authority, shared, accepting }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.accepting.address)
    }

    /// Answers a path with this document from now on.
    pub(crate) fn serve(&self, path: &str, document: &Value) {
        let mut documents = self.shared.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.insert(path.to_owned(), document.to_string());
    }

    /// Asks for this bearer token from now on.
    pub(crate) fn require(&self, token: &str) {
        *self.shared.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.to_owned());
    }

    /// Requests so far, those without the token included.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(SeqCst)
    }

    /// Writes the certificate of its authority beside the configuration.
    pub(crate) fn write_authority(&self, home: &TestHome, file: &str) {
        std::fs::write(home.conf(file), &self.authority).unwrap();
    }
}

impl Shared {
    fn answer(&self, connection: TcpStream) -> std::io::Result<()> {
        let tls = ServerConnection::new(Arc::clone(&self.tls)).map_err(std::io::Error::other)?;
        let mut stream = StreamOwned::new(tls, connection);
        let mut head = Vec::new();
        for line in BufReader::new(&mut stream).lines() {
            match line? {
                line if line.is_empty() => break,
                line => head.push(line),
            }
        }
        self.requests.fetch_add(1, SeqCst);
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = |token: &String| head.contains(&format!("authorization: Bearer {token}"));
        let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        let documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, body) = match documents.get(path) {
            _ if token.as_ref().is_some_and(|token| !sent(token)) => ("401 Unauthorized", ""),
            Some(document) => ("200 OK", document.as_str()),
            None => ("404 Not Found", ""),
        };
        write!(stream, "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len())?;
        write!(stream, "connection: close\r\n\r\n{body}")?;
        stream.conn.send_close_notify();
        stream.flush()
    }
}

/// The certificate of a new authority, PEM, and a server of 127.0.0.1 that it vouches for.
fn identity() -> (String, Arc<ServerConfig>) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap();
    (certificate.pem(), Arc::new(config))
}

/// The keys of an issuer, with which it signs tokens.
pub(crate) struct IssuerKey(SigningKey);

impl IssuerKey {
    /// A new P-256 key.
    pub(crate) fn new() -> Self {
        Self(SigningKey::generate(KeyFamily::P256).unwrap())
    }

    /// Its set; `purpose` is the member `use`.
    pub(crate) fn set(&self, purpose: Option<&str>) -> Value {
        let mut jwk = self.0.public_jwk();
        jwk.extend(purpose.map(|purpose| ("use".to_owned(), purpose.into())));
        json!({ "keys": [jwk] })
    }

    /// A token with these claims and fresh times, unless the claims say otherwise; null removes a claim.
    pub(crate) fn token(&self, claims: Value) -> String {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let now = now();
        let jti = format!("token-{now}-{}", SERIAL.fetch_add(1, SeqCst));
        let mut all = json!({ "iat": now, "nbf": now, "exp": now + 600, "jti": jti });
        let members = all.as_object_mut().unwrap();
        members.extend(claims.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        let header = json!({ "alg": "ES256", "kid": self.0.thumbprint() });
        self.0.compact_jws(&header, &all).unwrap()
    }
}

/// Enables the plug-in of trusted issuers and lets the server fetch from this machine.
pub(crate) fn enable(home: &TestHome) {
    home.replace("order = 901\nenable = false", "order = 901\nenable = true");
    home.append("[oauth.jwks_endpoint]\nallowed_private_hosts = [\"127.0.0.1\"]\n");
}
