//! An authorization server behind the one under test: it answers what it is told and remembers what it received.
//!
//! HTTP/1.1 on 127.0.0.1, connections kept. It is down as soon as it is dropped, and can come back at its address.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::home::TestHome;

/// What it received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// Method, target and version.
    pub(crate) line: String,
    /// Names in lower case, in the order of the wire.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// What it does with a request.
pub(crate) type Behaviour = dyn Fn(&Received) -> Reply + Send + Sync;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, further header lines, body.
    Answer(u16, &'static str, String),
    /// The connection ends without a word.
    HangUp,
    /// No answer until the server is dropped.
    Silence,
}

/// A running upstream.
pub(crate) struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    behaviour: Box<Behaviour>,
    received: Mutex<Vec<Received>>,
    connections: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

impl Upstream {
    /// One that answers every request with a token.
    pub(crate) fn start() -> Self {
        Self::with(|_| {
            Reply::Answer(200, "content-type: application/json\r\n", r#"{"access_token":"of the upstream"}"#.to_owned())
        })
    }

    /// One that does this.
    pub(crate) fn with(behaviour: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), behaviour)
    }

    /// One at this address.
    pub(crate) fn at(address: SocketAddr, behaviour: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = crate::wait::until("the address is free", || TcpListener::bind(address).ok());
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            behaviour: Box::new(behaviour),
            received: Mutex::default(),
            connections: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for connection in listener.incoming().map_while(Result::ok) {
                    if shared.ended.load(SeqCst) {
                        return;
                    }
                    lock(&shared.connections).push(connection.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    std::thread::spawn(move || shared.serve(connection));
                }
            }
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that it received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// The only request that it received.
    #[track_caller]
    pub(crate) fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "{received:#?}");
        received.remove(0)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        // Wakes the thread, which then closes the port.
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().map(JoinHandle::join);
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(connection.try_clone()?);
        while let Some(request) = read(&mut reader)? {
            lock(&self.received).push(request.clone());
            match (self.behaviour)(&request) {
                Reply::Answer(status, headers, body) => {
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} Whatever\r\n{headers}content-length: {length}\r\n\r\n");
                    connection.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
                }
                Reply::HangUp => return connection.shutdown(std::net::Shutdown::Both),
                Reply::Silence => drop(reader.read(&mut [0])?),
            }
        }
        Ok(())
    }
}

/// The next request of a connection.
fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Received>> {
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).map(|_| line.trim_end().to_owned())
    };
    let mut received = Received { line: next()?, ..Received::default() };
    if received.line.is_empty() {
        return Ok(None);
    }
    loop {
        let line = next()?;
        let Some((name, value)) = line.split_once(':') else { break };
        received.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut bytes = Vec::new();
    if received.header("transfer-encoding") == ["chunked"] {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let mut chunk = vec![0; usize::from_str_radix(size.trim(), 16).unwrap() + 2];
            reader.read_exact(&mut chunk)?;
            if chunk.len() == 2 {
                break;
            }
            bytes.extend_from_slice(&chunk[..chunk.len() - 2]);
        }
    } else if let [length] = received.header("content-length")[..] {
        bytes = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut bytes)?;
    }
    received.body = String::from_utf8(bytes).unwrap();
    Ok(Some(received))
}

/// The issuer of the server behind the home's.
pub(crate) const ISSUER: &str = "https://as.example.com";

/// Puts the server of a home in front of an upstream, with further lines in the entry.
pub(crate) fn in_front_of(home: &TestHome, upstream: &Upstream, lines: &str) {
    let credential = if lines.contains("credential") { "" } else { "credential = \"client_secret_basic\"" };
    home.append(&format!(
        "[[upstream]]\nissuer = \"{ISSUER}\"\ntarget = \"{}\"\ntoken_endpoint = \"/oauth2/token\"\n{credential}\n{lines}\n",
        upstream.url()
    ));
}
