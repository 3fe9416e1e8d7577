//! A program that serves something and is killed when it is dropped.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Generous: a program on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running program.
pub(crate) struct Behind {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Behind {
    /// Starts a program and waits for a line of standard output that starts with this text; returns the rest of the line.
    #[track_caller]
    pub(crate) fn start(command: &mut Command, announcement: &str) -> (Self, String) {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, announced) = mpsc::channel();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn({
            let (lines, announcement) = (Arc::clone(&lines), announcement.to_owned());
            move || {
                for line in stdout.lines().map_while(Result::ok) {
                    if let Some(rest) = line.strip_prefix(&announcement) {
                        let _ = sender.send(rest.to_owned());
                    }
                    lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            }
        });
        let behind = Self { child, lines };
        let rest =
            announced.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("it does not start: {:#?}", behind.lines()));
        (behind, rest)
    }

    /// Standard output so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
