//! Sends prepared requests over kept connections, each with one request at a time.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A form post to the token endpoint, as it goes over the wire.
#[allow(dead_code, reason = "another bench posts elsewhere")]
pub(crate) fn post(fields: &[(&str, &str)]) -> Vec<u8> {
    post_to("/oauth2/token", fields)
}

/// The same to this path.
pub(crate) fn post_to(path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Sends every request once over so many connections; the sorted times to the answer.
///
/// # Panics
/// An answer holds no token, and names no client.
pub(crate) fn send(server: SocketAddr, connections: usize, requests: &[Vec<u8>]) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let next = Cell::new(0);
    let connection = async || {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut latencies = Vec::new();
        while let Some(request) = requests.get(next.replace(next.get() + 1)) {
            let began = Instant::now();
            stream.write_all(request).await.unwrap();
            let answer = read(&mut stream).await;
            let good = answer.contains("\"access_token\"") || answer.contains("x-dropins-client-id: ");
            assert!(answer.starts_with("HTTP/1.1 200 ") && good, "{answer}");
            latencies.push(began.elapsed());
        }
        latencies
    };
    let mut latencies = runtime.block_on(join_all((0..connections).map(|_| connection()))).concat();
    latencies.sort();
    latencies
}

/// One answer.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the server closed the connection");
        let text = std::str::from_utf8(&bytes).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let (_, length) = length.split_once("content-length: ").unwrap();
            if body.len() == length.split("\r\n").next().unwrap().parse::<usize>().unwrap() {
                return text.to_owned();
            }
        }
    }
}
