//! Why the identity database cannot be opened: what, where, and what to do about it, in one sentence each.

use std::path::PathBuf;
use std::time::Duration;

/// Why the identity database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the file is missing; it is never made here, because a wrong path would go unnoticed.
    #[error("the folder of the database {} does not exist; make the home with `dropins init`, or correct the path", path.display())]
    FolderMissing {
        /// The database file.
        path: PathBuf,
    },
    /// The file or its folder may not be written.
    #[error("the database {} cannot be written; let the user that runs the server write the file and its folder", path.display())]
    NotWritable {
        /// The database file.
        path: PathBuf,
    },
    /// The file is something else, or it is damaged.
    #[error("{} is not an intact SQLite database; move it away or restore a backup, or correct the path", path.display())]
    NotADatabase {
        /// The database file.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error("the database {} stayed locked for {waited:?}; stop the process that holds its lock", path.display())]
    Locked {
        /// The database file.
        path: PathBuf,
        /// How long the lock was waited for.
        waited: Duration,
    },
    /// A newer release wrote the tables.
    #[error("the clients' tables in {} have version {found}, this program knows {known}; run the newer program, or restore a backup", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// Anything else.
    #[error("the database {} cannot be used ({detail}); check the file, its folder and its disk", path.display())]
    Unusable {
        /// The database file.
        path: PathBuf,
        /// What the database or the operating system says.
        detail: String,
    },
}
