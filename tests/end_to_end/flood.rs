//! Many posts at once over plain HTTP, as an attacker sends them, and the statuses of the answers.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::home::{TestHome, free_address};

/// How long an attacker that hangs up waits for the answer: the server has begun to work by then.
const PATIENCE: Duration = Duration::from_millis(6);

/// How many answers have each status.
pub(crate) type Statuses = BTreeMap<u16, usize>;

/// The posts: the n-th has the n-th form, so that each can name another client.
pub(crate) struct Flood<'a> {
    pub(crate) server: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) form: &'a (dyn Fn(usize) -> String + Sync),
    /// How many posts are in flight at once, each on a connection of its own.
    pub(crate) connections: usize,
    /// Whether the attacker hangs up before the answer.
    pub(crate) hangs_up: bool,
}

/// Has the server of this home serve plain HTTP too; returns its address.
pub(crate) fn plain_http(home: &TestHome) -> SocketAddr {
    let address = free_address();
    let text = home.deployment();
    let (before, after) = text.split_once("[transport.http]").unwrap();
    let (_, after) = after.split_once("enabled = false").unwrap();
    home.write_deployment(&format!("{before}[transport.http]\nlisten = \"{address}\"\nenabled = true{after}"));
    address
}

impl Flood<'_> {
    /// Sends so many posts.
    pub(crate) fn send(&self, count: usize) -> Statuses {
        self.send_while(&|number| number < count)
    }

    /// Sends posts for as long as the work takes.
    pub(crate) fn during<T: Send>(&self, work: impl FnOnce() -> T + Send) -> (T, Statuses) {
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let flood = scope.spawn(|| self.send_while(&|_| !ended.load(Relaxed)));
            let done = work();
            ended.store(true, Relaxed);
            (done, flood.join().unwrap())
        })
    }

    fn send_while(&self, more: &(dyn Fn(usize) -> bool + Sync)) -> Statuses {
        let next = AtomicUsize::new(0);
        let mut statuses = Statuses::new();
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..self.connections).map(|_| scope.spawn(|| self.connection(&next, more))).collect();
            for (status, count) in senders.into_iter().flat_map(|sender| sender.join().unwrap()) {
                *statuses.entry(status).or_default() += count;
            }
        });
        statuses
    }

    /// Takes one number after the other.
    fn connection(&self, next: &AtomicUsize, more: &(dyn Fn(usize) -> bool + Sync)) -> Statuses {
        let mut statuses = Statuses::new();
        let mut connection = None;
        loop {
            let number = next.fetch_add(1, Relaxed);
            if !more(number) {
                return statuses;
            }
            // The server may close the connection after an error.
            let mut stream =
                connection.take().unwrap_or_else(|| BufReader::new(TcpStream::connect(self.server).unwrap()));
            if stream.get_mut().write_all(self.post(number).as_bytes()).is_err() {
                continue;
            }
            if self.hangs_up {
                stream.get_mut().set_read_timeout(Some(PATIENCE)).unwrap();
            }
            if let Some(status) = answer(&mut stream) {
                *statuses.entry(status).or_default() += 1;
                connection = Some(stream);
            }
        }
    }

    fn post(&self, number: usize) -> String {
        let (path, form) = (self.path, (self.form)(number));
        let length = form.len();
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        )
    }
}

/// Reads an answer to its end and returns its status; `None` if the server closed the connection or is too slow.
fn answer(stream: &mut BufReader<TcpStream>) -> Option<u16> {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest.split(' ').next()?.parse().ok();
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    std::io::copy(&mut stream.take(length), &mut std::io::sink()).ok()?;
    status
}
