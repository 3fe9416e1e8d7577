//! A wire to a server that a test can cut, clog, cut just before the answer, or have begin at another server.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use super::free_port;

/// What happens on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Everything passes.
    Flows,
    /// Answers wait.
    Clogged,
    /// Questions arrive; instead of the answer, the connection is lost.
    LosesAnswers,
    /// There is no connection.
    Cut,
}

/// A proxy on a port of its own, for as long as the test runs.
pub(crate) struct Proxy {
    port: u16,
    server: Arc<AtomicU16>,
    traffic: Arc<Mutex<Traffic>>,
    wires: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let server = Arc::new(AtomicU16::new(server));
        let traffic = Arc::new(Mutex::new(Traffic::Flows));
        let wires = Arc::new(Mutex::new(Vec::new()));
        let proxy =
            Self { port, server: Arc::clone(&server), traffic: Arc::clone(&traffic), wires: Arc::clone(&wires) };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", server.load(Ordering::SeqCst)));
                let Ok(server) = server else { continue };
                if *traffic.lock().unwrap() == Traffic::Cut {
                    continue;
                }
                wires.lock().unwrap().push(client.try_clone().unwrap());
                let answers = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let traffic = Arc::clone(&traffic);
                std::thread::spawn(move || copy(client, server, || true));
                std::thread::spawn(move || copy(answers.0, answers.1, || passes(&traffic)));
            }
        });
        proxy
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Has new connections lead to another server; open ones stay.
    pub(crate) fn lead_to(&self, server: u16) {
        self.server.store(server, Ordering::SeqCst);
    }

    pub(crate) fn set(&self, traffic: Traffic) {
        *self.traffic.lock().unwrap() = traffic;
        if traffic == Traffic::Cut {
            self.wires.lock().unwrap().drain(..).for_each(|wire| drop(wire.shutdown(Shutdown::Both)));
        }
    }
}

/// Waits while the wire is clogged; then, whether it lets traffic pass.
fn passes(traffic: &Mutex<Traffic>) -> bool {
    loop {
        match *traffic.lock().unwrap() {
            Traffic::Flows => return true,
            Traffic::LosesAnswers | Traffic::Cut => return false,
            Traffic::Clogged => {}
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, passes: impl Fn() -> bool) {
    let mut buffer = [0; 1 << 14];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !passes() || to.write_all(buffer.get(..length).unwrap_or_default()).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}
