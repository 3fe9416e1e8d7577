//! Connections to the database file.
//!
//! A file is made with mode 0600 whatever the umask, its folder never. Writing uses the write-ahead log with
//! `synchronous=FULL`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::identity::open_error::OpenError;

/// How long a lock of another process is waited for.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection, and the file that its path named when it was opened.
pub(super) struct Link {
    pub(super) connection: Connection,
    file: FileIdentity,
}

/// Device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity(u64, u64);

impl FileIdentity {
    fn of(path: &Path) -> std::io::Result<Self> {
        fs::metadata(path).map(|metadata| Self(metadata.dev(), metadata.ino()))
    }
}

impl Link {
    /// A writing connection to a file that exists.
    pub(super) fn writing(path: &Path) -> Result<Self, OpenError> {
        // Taken before the connection: a file that is replaced in between is then noticed, not trusted.
        let file = FileIdentity::of(path).map_err(|error| from_io(path, &error))?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| from_sqlite(path, &error))?;
        use_wal(path, &connection)?;
        configure(&connection).map_err(|error| from_sqlite(path, &error))?;
        Ok(Self { connection, file })
    }

    /// A reading connection to a file that exists.
    pub(super) fn reading(path: &Path) -> rusqlite::Result<Self> {
        let file = FileIdentity::of(path).map_err(|_| rusqlite::Error::InvalidPath(path.to_owned()))?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { connection, file })
    }

    /// Whether the path still names its file.
    pub(super) fn is_of(&self, path: &Path) -> bool {
        FileIdentity::of(path).is_ok_and(|file| file == self.file)
    }
}

/// Makes the file, empty and private, unless it is there.
pub(super) fn create_file(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(OpenError::FolderMissing { path: path.to_owned() });
    }
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        // The mode given at creation is cut by the umask; SQLite copies this one to its side files.
        Ok(file) => file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(|error| from_io(path, &error)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(from_io(path, &error)),
    }
}

fn connect(path: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)
}

/// The switch to the log is the one lock that SQLite does not wait for by itself.
fn use_wal(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                let detail = format!("its journal mode stays {mode} instead of WAL");
                return Err(OpenError::Unusable { path: path.to_owned(), detail });
            }
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY_TIMEOUT => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(from_sqlite(path, &error)),
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
        _ => OpenError::Unusable { path, detail: error.to_string() },
    }
}

/// The meaning of an error of SQLite while the file is opened.
pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::NotWritable { path },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::NotADatabase { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path, waited: BUSY_TIMEOUT },
        _ => OpenError::Unusable { path, detail: error.to_string() },
    }
}
