//! Slow, silent and verbose connections are closed in time, while others are served.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;

/// The time-out is 5 s; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two bytes of a slow client.
const PACE: Duration = Duration::from_millis(100);

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn tcp(home: &TestHome) -> TcpStream {
    let stream = TcpStream::connect(home.https).unwrap();
    stream.set_read_timeout(Some(PACE)).unwrap();
    stream
}

fn tls(home: &TestHome) -> Tls {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(home.authority()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(home.https).unwrap();
    connection.complete_io(&mut stream).unwrap();
    stream.set_read_timeout(Some(PACE)).unwrap();
    StreamOwned::new(connection, stream)
}

/// Sends the drip until the server closes the connection; returns its answer, and how long it took.
#[track_caller]
fn until_closed(mut stream: impl Read + Write, drip: &[u8]) -> (String, Duration) {
    let began = Instant::now();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        assert!(began.elapsed() < PATIENCE, "the connection is still open");
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if stream.write_all(drip).and_then(|()| stream.flush()).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

#[test]
fn a_header_section_that_never_ends_is_cut_off_while_others_are_served() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..20)
            .map(|_| {
                let mut stream = tls(&home);
                stream.write_all(b"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n").unwrap();
                scope.spawn(move || until_closed(stream, b"X: y\r\n"))
            })
            .collect();
        server.authenticate(&client.mint()).token();
        for thread in slow {
            let (answer, after) = thread.join().unwrap();
            assert!(after > Duration::from_secs(3), "cut off after {after:?} already: {answer}");
            assert!(!answer.contains("200 OK"), "{answer}");
        }
    });
    server.authenticate(&client.mint()).token();
}

#[test]
fn a_connection_that_never_says_anything_is_cut_off() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    std::thread::scope(|scope| {
        let without_handshake = scope.spawn(|| until_closed(tcp(&home), b""));
        let without_request = scope.spawn(|| until_closed(tls(&home), b""));
        server.authenticate(&client.mint()).token();
        without_handshake.join().unwrap();
        without_request.join().unwrap();
    });
    server.authenticate(&client.mint()).token();
}

#[test]
fn a_header_section_that_is_too_large_is_rejected() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let long = format!("X: {}\r\n", "y".repeat(40 << 10));
    let many = "X: y\r\n".repeat(200);
    for headers in [long, many] {
        let mut stream = tls(&home);
        let request = format!("GET /oauth2/jwks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        // The server may close before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let (answer, _) = until_closed(stream, b"");
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    server.authenticate(&client.mint()).token();
}

#[test]
fn a_body_that_never_comes_is_given_up() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let mut stream = tls(&home);
    stream
        .write_all(
            b"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nConnection: close\r\n\
              Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=",
        )
        .unwrap();
    let (answer, _) = until_closed(stream, b"");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("invalid_request"), "{answer}");
    server.authenticate(&client.mint()).token();
}

#[test]
fn a_body_without_an_announced_length_is_bounded_too() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let mut stream = tls(&home);
    let mut request =
        b"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n\r\n"
            .to_vec();
    for _ in 0..16 {
        request.extend_from_slice(format!("10000\r\n{}\r\n", "x".repeat(64 << 10)).as_bytes());
    }
    request.extend_from_slice(b"0\r\n\r\n");
    stream.write_all(&request).unwrap();
    let (answer, _) = until_closed(stream, b"");
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("invalid_request"), "{answer}");
    server.authenticate(&client.mint()).token();
}

#[test]
fn an_http_1_1_request_without_a_host_or_with_two_is_rejected() {
    let home = TestHome::new();
    let _server = Server::start(&home);
    let answer = |head: &str| {
        let mut stream = tls(&home);
        stream.write_all(format!("GET /oauth2/jwks {head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        until_closed(stream, b"").0
    };
    for bad in ["HTTP/1.1\r\n", "HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", "HTTP/1.1\r\nHost: a@b\r\n"] {
        let answer = answer(bad);
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("invalid_request"), "{bad:?}: {answer}");
    }
    for good in ["HTTP/1.1\r\nHost: localhost\r\n", "HTTP/1.0\r\n"] {
        let answer = answer(good);
        assert!(answer.contains(" 200 OK\r\n"), "{good:?}: {answer}");
    }
}
