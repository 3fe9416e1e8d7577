//! Requests over plain HTTP, byte for byte as an attacker writes them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::home::{TestHome, free_address};

/// Has the home serve plain HTTP as well; returns where.
pub(crate) fn enable(home: &TestHome) -> SocketAddr {
    let address = free_address();
    home.replace("listen = \"127.0.0.1:9763\"\nenabled = false", &format!("listen = \"{address}\"\nenabled = true"));
    address
}

/// An answer: its status, and everything that came.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Sends these bytes and reads to the end of the connection. The request says `Connection: close`.
pub(crate) fn send(address: SocketAddr, request: &str) -> RawAnswer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    RawAnswer { status, text }
}

/// A form post with further header lines.
pub(crate) fn post(target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A request without a body.
pub(crate) fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}
