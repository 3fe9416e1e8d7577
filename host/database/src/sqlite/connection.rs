//! Connections to the database file.
//!
//! A file is made with mode 0600 whatever the umask, its folder never. A writing connection uses the write-ahead log
//! with `synchronous=FULL`: a commit that has returned survives a power failure. Every failure is an [`OpenError`].

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::open_error::OpenError;

/// Pages of the log, 4 KiB each, from which on a commit folds it into the file. A writer whose log another thread folds in
/// reaches it only if that thread cannot keep up.
pub const LONGEST_LOG: i64 = 16_000;

/// Which file a path named when it was opened; a connection to a file that was moved or deleted keeps no promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity(Option<(u64, u64)>);

impl FileIdentity {
    /// The file that the path names now.
    ///
    /// # Errors
    /// As [`fs::metadata`].
    pub fn of(path: &Path) -> std::io::Result<Self> {
        fs::metadata(path).map(|metadata| Self(device_and_inode(&metadata)))
    }
}

#[cfg(unix)]
fn device_and_inode(metadata: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Elsewhere only a missing file is noticed.
#[cfg(not(unix))]
fn device_and_inode(_: &fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// Makes the file, empty and private, unless it is there.
///
/// # Errors
/// [`OpenError`] when its folder is missing or may not be written.
pub fn create_file(path: &Path) -> Result<(), OpenError> {
    // Closing a file drops all locks that this process has on it, those of SQLite included: no connection may be open before.
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = CREATING.lock();
    check_folder(path)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => make_private(&file).map_err(|error| from_io(path, &error)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(from_io(path, &error)),
    }
}

/// Rejects a path whose folder is missing.
///
/// # Errors
/// [`OpenError::FolderMissing`].
pub fn check_folder(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match folder.is_dir() {
        true => Ok(()),
        false => Err(OpenError::FolderMissing { path: path.to_owned() }),
    }
}

/// The mode given at creation is cut by the umask; SQLite needs exactly this one, and copies it to its side files.
fn make_private(file: &fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// A writing connection to a file that exists.
///
/// # Errors
/// [`OpenError`] says what is wrong with the file.
pub fn writing(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    let fail = |error| from_sqlite(path, busy_timeout, error);
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout).map_err(fail)?;
    use_wal(path, &connection, busy_timeout)?;
    configure(&connection).map_err(fail)?;
    Ok(connection)
}

/// A reading connection to a file that exists.
///
/// # Errors
/// As SQLite's; [`from_sqlite`] tells what they mean.
pub fn reading(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout)
}

/// A connection to a file that exists, in whatever journal mode it has.
///
/// # Errors
/// As SQLite's; [`from_sqlite`] tells what they mean.
pub(super) fn writable(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)
}

fn connect(path: &Path, mode: OpenFlags, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Without these, macOS leaves what was written in the drive's cache. They do nothing elsewhere.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // KiB. A batch of random keys changes a megabyte or more: with the usual 2 MiB its pages are written twice, and the
    // inner pages of a table of millions are read again and again.
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "wal_autocheckpoint", LONGEST_LOG)?;
    // After a peak the log shrinks again.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)
}

/// The switch to the log is the one lock that SQLite does not wait for by itself.
fn use_wal(path: &Path, connection: &Connection, busy_timeout: Duration) -> Result<(), OpenError> {
    let begun = Instant::now();
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                let detail = format!("its journal mode stays {mode} instead of WAL");
                return Err(OpenError::Unusable { path: path.to_owned(), detail });
            }
            Err(error) if is_busy(&error) && begun.elapsed() < busy_timeout => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(from_sqlite(path, busy_timeout, error)),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn from_io(path: &Path, error: &std::io::Error) -> OpenError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::NotWritable { path },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => OpenError::DiskFull { path },
        _ => OpenError::Unusable { path, detail: error.to_string() },
    }
}

/// The meaning of an error of SQLite while the file is opened; the lock was waited for so long.
pub fn from_sqlite(path: &Path, waited: Duration, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::NotWritable { path },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::NotADatabase { path },
        Some(ErrorCode::DiskFull) => OpenError::DiskFull { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path, waited },
        Some(ErrorCode::CannotOpen) if path.is_file() => OpenError::NotWritable { path },
        _ => OpenError::Unusable { path, detail: error.to_string() },
    }
}
