//! Where a database is.

use std::fmt;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In this SQLite file, which several components may share.
    Sqlite(std::path::PathBuf),
    /// In this PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(crate::server_url::ServerUrl),
    /// In this MariaDB or MySQL database.
    #[cfg(feature = "mysql")]
    Mysql(crate::server_url::ServerUrl),
}

impl Location {
    /// One word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "postgresql",
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => "mysql",
        }
    }
}

/// The path or the address, without the password.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => formatter.write_str(&url.shown()),
            #[cfg(feature = "mysql")]
            Self::Mysql(url) => formatter.write_str(&url.shown()),
        }
    }
}
