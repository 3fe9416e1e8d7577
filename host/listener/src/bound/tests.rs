use std::time::Duration;

use axum::routing::get;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::*;
use crate::connections::Limits;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// The preface of HTTP/2 and an empty SETTINGS frame.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Served {
    address: SocketAddr,
    gauge: Gauge,
    task: JoinHandle<io::Result<()>>,
}

fn serve(limits: Limits) -> Served {
    let bound = Bound::near("test", 0).unwrap();
    let (address, gauge) = (bound.address(), Gauge::default());
    let connections = Connections::new(limits, gauge.clone(), |_| false);
    let router = Router::new().route("/", get(|| async { "x".repeat(64 << 10) }));
    let task = tokio::spawn(bound.serve(router, None, connections, Handle::new()));
    Served { address, gauge, task }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Waits until so many connections are open.
    async fn has_open(&self, count: i64) {
        let began = Instant::now();
        while self.gauge.get() != count {
            assert!(began.elapsed() < PATIENCE, "{} connections are open, not {count}", self.gauge.get());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads until the server closes the connection.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("the connection is still open");
    read
}

async fn answered(stream: &mut TcpStream) {
    stream.write_all(REQUEST).await.unwrap();
    let mut status = [0; 15];
    timeout(PATIENCE, stream.read_exact(&mut status)).await.unwrap().unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_connection_over_the_share_of_its_address_is_closed_and_the_others_are_served() {
    let served = serve(Limits { per_address: 2, ..Limits::of_admin() });
    let (mut first, mut second) = (served.connect().await, served.connect().await);
    served.has_open(2).await;
    let mut third = served.connect().await;
    assert!(until_closed(&mut third).await.is_empty());
    answered(&mut first).await;
    answered(&mut second).await;
    drop(first);
    served.has_open(1).await;
    answered(&mut served.connect().await).await;
}

#[tokio::test]
async fn an_http2_connection_without_a_stream_is_closed() {
    let idle = Duration::from_millis(300);
    let served = serve(Limits { idle, ..Limits::of_admin() });
    let began = Instant::now();
    let mut stream = served.connect().await;
    stream.write_all(HTTP2).await.unwrap();
    assert!(!until_closed(&mut stream).await.is_empty(), "the server says hello");
    assert!(began.elapsed() >= idle);
    served.has_open(0).await;
}

#[tokio::test]
async fn a_client_that_never_reads_its_answers_is_cut() {
    let served = serve(Limits { unread: Duration::from_millis(300), ..Limits::of_admin() });
    let mut stream = served.connect().await;
    served.has_open(1).await;
    // Until neither side takes more; a write that fails has met the cut.
    while let Ok(Ok(())) = timeout(Duration::from_millis(200), stream.write_all(&REQUEST.repeat(100))).await {}
    served.has_open(0).await;
}

#[tokio::test]
async fn a_client_that_reads_is_served_as_long_as_it_likes() {
    let served = serve(Limits { unread: Duration::from_millis(300), ..Limits::of_admin() });
    let mut stream = served.connect().await;
    let (mut reader, mut writer) = stream.split();
    let began = Instant::now();
    let mut buffer = vec![0; 1 << 16];
    while began.elapsed() < Duration::from_secs(1) {
        writer.write_all(REQUEST).await.unwrap();
        assert!(timeout(PATIENCE, reader.read(&mut buffer)).await.unwrap().unwrap() > 0);
    }
}
