//! A port of 127.0.0.1 whose connections a test answers, each on a thread of its own; closed when it is dropped.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;

/// A port that accepts connections.
pub(crate) struct Accepting {
    pub(crate) address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Accepting {
    /// Answers every connection from now on; one that hangs up early is no mistake.
    pub(crate) fn start(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (ended, answer) = (Arc::clone(&ended), Arc::new(answer));
            move || {
                for connection in listener.incoming() {
                    if ended.load(SeqCst) {
                        return;
                    }
                    let answer = Arc::clone(&answer);
                    std::thread::spawn(move || answer(connection?));
                }
            }
        });
        Self { address, ended, thread: Some(thread) }
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.ended.store(true, SeqCst);
        // Wakes the thread, which then closes the port.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
