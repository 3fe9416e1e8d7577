//! Where the identity database is.

use std::path::PathBuf;

use dropins_replay::ServerUrl;

/// Where the identity database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In this SQLite file.
    Sqlite(PathBuf),
    /// In this PostgreSQL database.
    Postgres(ServerUrl),
    /// In this MariaDB or MySQL database.
    Mysql(ServerUrl),
}
