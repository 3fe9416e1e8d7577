//! A database with the tables of a [`Schema`]: the same SQL on every engine, with `?` for values.
//!
//! A write that has returned survives a crash. Every call returns within [`TIMEOUT`](crate::TIMEOUT); a call that times out
//! is unavailable, and its effect is unknown. A server that was down is used again as soon as it answers. A server
//! that is read-only, because another one is the primary now, counts as unavailable.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::engine::Engine;
use crate::error::StoreError;
use crate::location::Location;
#[cfg(feature = "mysql")]
use crate::mysql;
use crate::open_error::OpenError;
#[cfg(feature = "postgres")]
use crate::postgres;
use crate::retry::retry_on_conflict;
use crate::schema::Schema;
use crate::sqlite::Sqlite;
use crate::timeouts::within;
use crate::transaction::Transaction;
use crate::value::{Row, Value};

/// The database, with its tables up to date. A clone is the same database.
#[derive(Clone)]
pub struct Database {
    engine: Arc<dyn Engine>,
    schema: &'static Schema,
}

impl Database {
    /// Opens the database at this location and brings the tables of the schema up to date.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn open<'a>(location: &'a Location, schema: &'static Schema) -> BoxFuture<'a, Result<Self, OpenError>> {
        Box::pin(async move {
            let engine: Arc<dyn Engine> = match location {
                Location::Sqlite(path) => Arc::new(Sqlite::open(path, schema)?),
                #[cfg(feature = "postgres")]
                Location::Postgres(url) => Arc::new(postgres::open(url, schema).await?),
                #[cfg(feature = "mysql")]
                Location::Mysql(url) => Arc::new(mysql::open(url, schema).await?),
            };
            Ok(Self { engine, schema })
        })
    }

    /// Opens the database of another program, to read it: nothing is made or changed there.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn foreign(location: &Location) -> BoxFuture<'_, Result<Self, OpenError>> {
        Box::pin(async move {
            const FOREIGN: &Schema = &Schema { component: "foreign", migrations: &[], expiring: &[] };
            let engine: Arc<dyn Engine> = match location {
                Location::Sqlite(path) => Arc::new(Sqlite::foreign(path)?),
                #[cfg(feature = "postgres")]
                Location::Postgres(url) => Arc::new(postgres::foreign(url).await?),
                #[cfg(feature = "mysql")]
                Location::Mysql(url) => Arc::new(mysql::foreign(url).await?),
            };
            Ok(Self { engine, schema: FOREIGN })
        })
    }

    /// What [`Database::open`] would change there, one sentence each; changes nothing.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub fn plan<'a>(location: &'a Location, schema: &'static Schema) -> BoxFuture<'a, Result<Vec<String>, OpenError>> {
        Box::pin(async move {
            match location {
                Location::Sqlite(path) => Sqlite::plan(path, schema),
                #[cfg(feature = "postgres")]
                Location::Postgres(url) => postgres::plan(url, schema).await,
                #[cfg(feature = "mysql")]
                Location::Mysql(url) => mysql::plan(url, schema).await,
            }
        })
    }

    /// Opens an SQLite file, creating it if it is missing, and brings the tables up to date. Its folder must exist.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn sqlite(path: &Path, schema: &'static Schema) -> Result<Self, OpenError> {
        Ok(Self { engine: Arc::new(Sqlite::open(path, schema)?), schema })
    }

    /// An empty database of this process alone, removed with its last clone: for rehearsals.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the folder for temporary files.
    pub fn scratch(schema: &'static Schema) -> Result<Self, OpenError> {
        Ok(Self { engine: Arc::new(Sqlite::scratch(schema)?), schema })
    }

    /// The rows that a `SELECT` finds, among what is committed.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked or a row is corrupt.
    pub fn query(&self, sql: &'static str, values: Vec<Value>) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        Box::pin(async move { within(self.engine.query(sql, values)).await })
    }

    /// One write, committed; counts the rows that it found, changed or not.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was written unless it is [`StoreError::Unavailable`], which leaves that open.
    pub fn execute(&self, sql: &'static str, values: Vec<Value>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { within(retry_on_conflict(|| self.engine.execute(sql, values.clone()))).await })
    }

    /// Begins a transaction that writes; do it in work that is [`retry_on_conflict`]. Keep it short, and await nothing but the
    /// database in it: SQLite has one writer.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked, or other writers take too long.
    pub fn begin(&self) -> BoxFuture<'_, Result<Transaction, StoreError>> {
        Box::pin(async move { within(self.engine.begin()).await.map(Transaction::new) })
    }

    /// Reads the version of the tables, to learn whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not, or lacks the tables.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let version = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = ?";
        match self.query(version, vec![self.schema.component.into()]).await?.is_empty() {
            false => Ok(()),
            true => Err(StoreError::unavailable("its tables are missing")),
        }
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    pub(crate) fn schema(&self) -> &'static Schema {
        self.schema
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Database").field(&self.schema.component).finish()
    }
}
