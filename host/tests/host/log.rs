//! What the host logs about plug-ins in the thread of a test.

use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing::subscriber::DefaultGuard;

/// The lines that this thread logs for as long as it lives.
pub(crate) struct Log {
    bytes: Captured,
    _guard: DefaultGuard,
}

impl Log {
    pub(crate) fn of_this_thread() -> Self {
        // Whether a call site logs is decided once for all threads: a test without a log must not switch it off for
        // tests with one.
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        });
        let bytes = Captured::default();
        let writer = bytes.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        Self { bytes, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines about plug-ins so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.bytes.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("dropins::plugin")).map(str::to_owned).collect()
    }

    /// The only line with this text.
    #[track_caller]
    pub(crate) fn line(&self, text: &str) -> String {
        let lines = self.lines();
        let found: Vec<_> = lines.iter().filter(|line| line.contains(text)).collect();
        let [line] = found[..] else { panic!("`{text}` is not in exactly one line of {lines:#?}") };
        line.clone()
    }
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
