//! Folds the log into the database file while the writer works.
//!
//! Random keys touch a page each, so folding in a long log writes thousands of pages and flushes the file: no decision
//! should wait for that. A thread with a connection of its own does it, and the writer folds in only what came meanwhile,
//! because the log restarts when it is folded in to its last page. A checkpoint that fails is repeated with the next
//! one; commits are safe in the log.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use dropins_database::OpenError;
use dropins_database::connect::sqlite::{self as connection, LONGEST_LOG};
use rusqlite::Connection;

/// Pages of the log, 4 KiB each, from which on it is folded in.
const LONG: i64 = LONGEST_LOG / 4;

/// Rows after which the writer asks how long the log is. A row changes a few pages, and so does what others write in the
/// meantime.
const ROWS: usize = 64;

/// The first pass takes a while, in which the log grows; the second leaves little to the writer.
const PASSES: usize = 2;

/// The thread, as the writer sees it. It ends when this is dropped.
pub(super) struct Checkpointer {
    orders: Sender<()>,
    thread: JoinHandle<()>,
    at_work: Arc<AtomicBool>,
    /// Whether the writer has yet to fold in the rest.
    ordered: bool,
    /// Rows since the length of the log was asked for.
    rows: usize,
}

impl Checkpointer {
    pub(super) fn start(path: &Path, busy_timeout: Duration) -> Result<Self, OpenError> {
        let connection = connection::writing(path, busy_timeout)?;
        let (orders, ordered) = channel();
        let at_work = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&at_work);
        let thread = std::thread::Builder::new().name("replay-checkpoint".into());
        let thread = thread
            .spawn(move || work(&connection, &ordered, &done))
            .map_err(|error| OpenError::Unusable { path: path.to_owned(), detail: error.to_string() })?;
        Ok(Self { orders, thread, at_work, ordered: false, rows: 0 })
    }

    /// Orders a checkpoint when the log is long, and finishes it when the thread is done; the writer calls this before a
    /// transaction of so many rows.
    pub(super) fn tend(&mut self, writer: &Connection, rows: usize) {
        self.rows = self.rows.saturating_add(rows);
        if self.at_work.load(Ordering::Acquire) {
            return;
        }
        if self.ordered {
            self.ordered = false;
            checkpoint(writer, "PASSIVE");
        } else if self.rows >= ROWS {
            self.rows = 0;
            if checkpoint(writer, "NOOP") >= LONG {
                self.at_work.store(true, Ordering::Release);
                self.ordered = self.orders.send(()).is_ok();
            }
        }
    }

    /// Ends the thread and waits for it.
    pub(super) fn stop(self) {
        drop(self.orders);
        // A panic there has been reported by the thread itself.
        self.thread.join().ok();
    }
}

fn work(connection: &Connection, orders: &Receiver<()>, at_work: &AtomicBool) {
    while orders.recv().is_ok() {
        for _ in 0..PASSES {
            checkpoint(connection, "PASSIVE");
        }
        at_work.store(false, Ordering::Release);
    }
}

/// Folds in what it may without waiting, or nothing (`NOOP`), and tells how many pages are left to be folded in; none
/// while another connection is at it.
fn checkpoint(connection: &Connection, mode: &str) -> i64 {
    let left = connection
        .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))
        .and_then(|mut statement| statement.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)));
    left.unwrap_or_else(|error| {
        tracing::warn!(%error, "the log of the replay store could not be folded in; trying again later");
        0
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn pages_of_the_log(connection: &Connection) -> i64 {
        connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1)).unwrap()
    }

    /// Commits random rows until the log is shorter than before, and tells how long it was.
    fn longest_log(connection: &Connection, mut between: impl FnMut()) -> i64 {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut longest = 0;
        loop {
            between();
            let rows = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 500)
                        INSERT INTO keys SELECT hex(randomblob(100)) FROM n";
            connection.execute(rows, []).unwrap();
            let pages = pages_of_the_log(connection);
            if (0..longest).contains(&pages) {
                return longest;
            }
            longest = longest.max(pages);
            assert!(Instant::now() < deadline, "the log never restarts: {longest} pages");
        }
    }

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE keys (k TEXT PRIMARY KEY) WITHOUT ROWID").unwrap();
        (folder, path)
    }

    #[test]
    fn a_long_log_is_folded_in_beside_the_writer_and_begins_anew() {
        let (_folder, path) = file();
        let writer = connection::writing(&path, Duration::from_secs(1)).unwrap();
        // By itself it would not.
        writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        let mut checkpointer = Checkpointer::start(&path, Duration::from_secs(1)).unwrap();
        assert!(longest_log(&writer, || checkpointer.tend(&writer, 500)) >= LONG);
        checkpointer.stop();
    }

    #[test]
    fn without_the_thread_the_writer_folds_in_a_log_that_is_too_long() {
        let (_folder, path) = file();
        let writer = connection::writing(&path, Duration::from_secs(1)).unwrap();
        assert!(longest_log(&writer, || ()) >= LONGEST_LOG);
    }
}
