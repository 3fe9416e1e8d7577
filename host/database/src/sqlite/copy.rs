//! A copy of a database file that servers read and write meanwhile: SQLite's online backup.
//!
//! All pages are copied in one read transaction, so the copy holds what was committed at one moment, and no writer waits
//! for it. The copy is checked before it counts.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};

use super::connection;
use crate::open_error::OpenError;
use crate::timeouts::BUSY_TIMEOUT;

/// Copies the database of one file into another, which it makes with mode 0600.
///
/// # Errors
/// [`OpenError`] says which file is wrong.
pub fn copy(from: &Path, to: &Path) -> Result<(), OpenError> {
    let of = |path| move |error| connection::from_sqlite(path, BUSY_TIMEOUT, error);
    let source = connection::reading(from, BUSY_TIMEOUT).map_err(of(from))?;
    connection::create_file(to)?;
    let mut target = connection::writable(to, BUSY_TIMEOUT).map_err(of(to))?;
    // A negative number of pages is all of them.
    match Backup::new(&source, &mut target).and_then(|backup| backup.step(-1)).map_err(of(from))? {
        StepResult::Done => {}
        _ => return Err(OpenError::Locked { path: from.to_owned(), waited: BUSY_TIMEOUT }),
    }
    // One file: without it the copy would go on in a write-ahead log beside it.
    let mode = target.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
    mode.map_err(of(to))?;
    let verdict = target.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0)).map_err(of(to))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(OpenError::NotADatabase { path: from.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn count(path: &Path) -> i64 {
        let connection = connection::reading(path, BUSY_TIMEOUT).unwrap();
        connection.query_row("SELECT COUNT(*) FROM T", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_copy_is_private_has_every_committed_row_and_no_writer_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from.db"), folder.path().join("to.db"));
        connection::create_file(&from).unwrap();
        let writer = connection::writing(&from, BUSY_TIMEOUT).unwrap();
        writer.execute_batch("CREATE TABLE T (X INTEGER); INSERT INTO T VALUES (1)").unwrap();
        writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO T VALUES (2)").unwrap();
        copy(&from, &to).unwrap();
        writer.execute_batch("COMMIT").unwrap();
        assert_eq!((count(&from), count(&to)), (2, 1));
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().filter(|entry| is_of(entry, "to.db")).count(), 1);
    }

    fn is_of(entry: &std::io::Result<std::fs::DirEntry>, name: &str) -> bool {
        entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with(name)
    }

    #[test]
    fn what_is_no_database_is_not_copied() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from.db"), folder.path().join("to.db"));
        std::fs::write(&from, "no database, but long enough to look at").unwrap();
        assert!(matches!(copy(&from, &to), Err(OpenError::NotADatabase { .. })));
        assert!(copy(&folder.path().join("absent.db"), &to).is_err());
    }
}
