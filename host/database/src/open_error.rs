//! Why a store cannot be opened: what, where, and what to do about it, in one sentence each.

#[cfg(feature = "_server")]
use std::{error::Error, io, sync::Arc};
use std::{path::PathBuf, time::Duration};

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the file is missing; making it would hide a wrong path.
    #[error("the folder of the database {} does not exist; make it, or correct the path", path.display())]
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
    /// The file is something else, or it is corrupt.
    #[error("{} is not an intact SQLite database; move it away or restore a backup, or correct the path", path.display())]
    NotADatabase {
        /// The database file.
        path: PathBuf,
    },
    /// There is no room.
    #[error("the disk of the database {} is full; make room on it", path.display())]
    DiskFull {
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
    /// The URL of a database server cannot be read. It is not repeated, because it may hold a password.
    #[error("the URL of the database cannot be used: {detail}; write scheme://user:password@host:port/database")]
    BadUrl {
        /// What is wrong with it.
        detail: String,
    },
    /// The server does not answer.
    #[error("the database {database} cannot be reached ({detail}); start it, or correct the address")]
    Unreachable {
        /// The address, without the password.
        database: String,
        /// What the driver says.
        detail: String,
    },
    /// The server rejects the session.
    #[error("the database {database} refuses ({detail}); correct the user, the password, the name or the rights")]
    Refused {
        /// The address, without the password.
        database: String,
        /// What the server says.
        detail: String,
    },
    /// The server cannot prove its identity.
    #[error(
        "the database {database} is not trusted ({detail}); name the PEM file of its authority with sslrootcert, and the host as its certificate does"
    )]
    Untrusted {
        /// The address, without the password.
        database: String,
        /// What is wrong with its certificate.
        detail: String,
    },
    /// The server answers, but takes no writes: a standby or a former primary.
    #[error("the database {database} is read-only; correct the address so that it leads to the primary")]
    ReadOnly {
        /// The address, without the password.
        database: String,
    },
    /// The server is set up in a way in which it cannot keep the promise.
    #[error("the database {database} cannot be used: {detail}")]
    Unfit {
        /// The address, without the password.
        database: String,
        /// What is wrong and what to do.
        detail: String,
    },
    /// A table of that name is neither ours nor one of WSO2 Identity Server.
    #[error(
        "the table IDN_OIDC_JTI in {database} has the columns {columns}, neither ours nor WSO2's; rename it, or correct the database"
    )]
    ForeignTable {
        /// The database.
        database: String,
        /// Its columns.
        columns: String,
    },
    /// A newer release wrote the tables.
    #[error(
        "the tables in {database} have version {found}, this program knows {known}; run the newer program, or restore a backup"
    )]
    Newer {
        /// The database.
        database: String,
        /// The version in the database.
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
    /// The operating system starts no thread.
    #[error("the writer of the replay store cannot start ({0}); raise the limits of the process")]
    Writer(#[from] std::io::Error),
}

#[cfg(feature = "_server")]
impl OpenError {
    /// The meaning of an error that is not the server's answer. A certificate that is not believed is found among its
    /// causes, whichever driver reports it.
    pub fn without_answer(database: String, error: &(dyn Error + 'static), detail: String) -> Self {
        match rejection(error) {
            Some(rejection) => Self::Untrusted { database, detail: rejection.to_string() },
            None => Self::Unreachable { database, detail },
        }
    }
}

/// Why the certificate is not believed, if that is what happened.
#[cfg(feature = "_server")]
fn rejection<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(rejection @ rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return Some(rejection);
    }
    // Asked for their source, an error of the operating system and a shared one pass over what they hold.
    let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let shared = error.downcast_ref::<Arc<dyn Error + Send + Sync>>().map(AsRef::as_ref);
    match held.or(shared) {
        Some(inner) => rejection(inner),
        None => rejection(error.source()?),
    }
}
