//! The identity database: portable SQL over SQLite, PostgreSQL and MariaDB or MySQL.
//!
//! SQL is written once, with `?` for values, and what the engines do differently stays in this room. A write that has
//! returned survives a crash. Every call ends within [`TIMEOUT`]: whatever is slower is unavailable, and whether it was
//! done is then unknown. An engine that was away is used again as soon as it is back, and a server that is read-only,
//! because another one is the primary now, is as good as away.

mod dialect;
mod engine;
mod error;
mod location;
mod mysql;
mod pool;
mod postgres;
mod purge;
mod repeat;
pub mod schema;
mod sqlite;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod transaction;
mod value;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use dropins_replay::OpenError;

pub use self::error::StoreError;
pub use self::location::Location;
pub use self::purge::{Expiring, PurgeTask, Purger};
pub use self::repeat::repeated;
pub use self::transaction::Transaction;
pub use self::value::{Column, Row, Value};

use self::engine::Engine;
use self::mysql::Mysql;
use self::postgres::Postgres;
use self::sqlite::Sqlite;

/// How long a call may take.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Sessions on a database server, of one node.
const SESSIONS: usize = 10;

/// How long a session is believed to be there, and its server to be the primary, without being asked, and how long it is
/// asked.
const PATIENCE: Duration = Duration::from_millis(500);

/// The database, with its tables up to date. A clone is the same database.
#[derive(Clone)]
pub struct Database(Arc<dyn Engine>);

impl Database {
    /// Opens the database at this place and brings its tables up to date.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub async fn open(location: &Location) -> Result<Self, OpenError> {
        match location {
            Location::Sqlite(path) => Self::sqlite(path),
            Location::Postgres(url) => Ok(Self(Arc::new(Postgres::open(url).await?))),
            Location::Mysql(url) => Ok(Self(Arc::new(Mysql::open(url).await?))),
        }
    }

    /// What [`Database::open`] would change there, one sentence each; changes nothing.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub async fn plan(location: &Location) -> Result<Vec<String>, OpenError> {
        match location {
            Location::Sqlite(path) => Sqlite::plan(path),
            Location::Postgres(url) => Postgres::plan(url).await,
            Location::Mysql(url) => Mysql::plan(url).await,
        }
    }

    /// Opens an SQLite file, making it when it is missing, and brings its tables up to date. Its folder must be there.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn sqlite(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(Arc::new(Sqlite::open(path)?)))
    }

    /// An empty database of this process alone, gone with its last clone: for rehearsals.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the folder for temporary files.
    pub fn scratch() -> Result<Self, OpenError> {
        Ok(Self(Arc::new(Sqlite::scratch()?)))
    }

    /// The rows that a `SELECT` finds, among what is committed.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or a row is damaged.
    pub async fn query(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        within(self.0.query(sql, values)).await
    }

    /// One write, committed; counts the rows that it found, changed or not.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was written unless it is [`StoreError::Unavailable`], which leaves that open.
    pub async fn execute(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        within(repeated(|| self.0.execute(sql, values.clone()))).await
    }

    /// Begins a transaction that writes; do it in work that is [`repeated`]. Keep it short, and await nothing but the
    /// database in it: SQLite has one writer.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked, or others write for too long.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        within(self.0.begin()).await.map(Transaction::new)
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Database").field(&self.0.name()).finish()
    }
}

async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::unavailable(format_args!("no answer within {TIMEOUT:?}"));
    tokio::time::timeout(TIMEOUT, work).await.map_err(late)?
}
