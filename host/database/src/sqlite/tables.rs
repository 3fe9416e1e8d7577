//! The tables in an SQLite file, changed in one exclusive transaction.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};

use super::connection;
use crate::dialect::Dialect;
use crate::migrations::{self, Component, Tables};
use crate::open_error::OpenError;

/// The tables in a file. What is not committed when this is dropped is rolled back.
pub struct SqliteTables<'a> {
    /// Exclusive, because a connection is not shared between threads.
    connection: &'a mut Connection,
    path: &'a Path,
    busy_timeout: Duration,
}

impl<'a> SqliteTables<'a> {
    /// The tables in the file at this path.
    pub fn new(connection: &'a mut Connection, path: &'a Path, busy_timeout: Duration) -> Self {
        Self { connection, path, busy_timeout }
    }

    fn with<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, OpenError> {
        work(self.connection).map_err(|error| connection::from_sqlite(self.path, self.busy_timeout, error))
    }
}

impl Drop for SqliteTables<'_> {
    fn drop(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a change of tables cannot be rolled back");
        }
    }
}

#[async_trait::async_trait]
impl Tables for SqliteTables<'_> {
    fn database(&self) -> String {
        self.path.display().to_string()
    }

    /// Text compares byte by byte (`BINARY`), which is SQLite's default.
    fn dialect(&self) -> Dialect {
        Dialect { key: "TEXT", text: "TEXT", integer: "INTEGER", options: "STRICT" }
    }

    async fn lock(&mut self) -> Result<(), OpenError> {
        self.with(|connection| connection.execute_batch("BEGIN EXCLUSIVE"))
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<String>, OpenError> {
        self.with(|connection| {
            let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
            columns.query_map([table], |row| row.get(0))?.collect()
        })
    }

    async fn number(&mut self, sql: &str) -> Result<Option<u64>, OpenError> {
        let number = |connection: &Connection| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        let number = self.with(|connection| number(connection).optional())?.flatten();
        Ok(number.map(|number| u64::try_from(number).unwrap_or(0)))
    }

    async fn run(&mut self, statement: &str, _repeatable: bool) -> Result<(), OpenError> {
        self.with(|connection| connection.execute_batch(statement))
    }

    async fn unlock(&mut self) -> Result<(), OpenError> {
        self.with(|connection| connection.execute_batch("COMMIT"))
    }
}

/// Brings the tables of a component up to date, on a connection that writes. Blocks on the disk.
///
/// # Errors
/// [`OpenError`] says what is wrong and what to do.
pub fn migrate(tables: &mut SqliteTables<'_>, component: &dyn Component) -> Result<(), OpenError> {
    pollster::block_on(migrations::migrate(tables, component))
}

/// What [`migrate`] would change in the file at this path, which may be missing; changes nothing. Blocks on the disk.
///
/// # Errors
/// [`OpenError`], as far as opening the file would fail with it.
pub fn plan(path: &Path, busy_timeout: Duration, component: &dyn Component) -> Result<Vec<String>, OpenError> {
    let connection = match path.exists() {
        true => connection::reading(path, busy_timeout),
        false => {
            connection::check_folder(path)?;
            Connection::open_in_memory()
        }
    };
    let mut connection = connection.map_err(|error| connection::from_sqlite(path, busy_timeout, error))?;
    pollster::block_on(migrations::plan(&mut SqliteTables::new(&mut connection, path, busy_timeout), component))
}
