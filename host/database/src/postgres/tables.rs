//! The tables in a PostgreSQL database, changed in one transaction under an advisory lock.

use tokio_postgres::{Client, Error};

use super::connection::meaning;
use crate::dialect::Dialect;
use crate::migrations::Tables;
use crate::open_error::OpenError;

/// Held to the end of the transaction.
const LOCK: &str = "
    BEGIN;
    SET LOCAL lock_timeout = '5min'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
    SELECT pg_advisory_xact_lock(hashtext('dropins'), hashtext('schema'))";

const COLUMNS: &str = "
    SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped";

/// The tables in a database. What is not committed is rolled back when the session ends.
pub struct PostgresTables<'a> {
    client: &'a Client,
    database: &'a str,
}

impl<'a> PostgresTables<'a> {
    /// The tables in the database of this session.
    pub fn new(client: &'a Client, database: &'a str) -> Self {
        Self { client, database }
    }

    fn meant<T>(&self, done: Result<T, Error>) -> Result<T, OpenError> {
        done.map_err(|error| meaning(self.database, &error))
    }
}

#[async_trait::async_trait]
impl Tables for PostgresTables<'_> {
    fn database(&self) -> String {
        self.database.to_owned()
    }

    fn dialect(&self) -> Dialect {
        Dialect { key: "TEXT COLLATE \"C\"", text: "TEXT", integer: "BIGINT", options: "" }
    }

    async fn lock(&mut self) -> Result<(), OpenError> {
        self.meant(self.client.batch_execute(LOCK).await)
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<String>, OpenError> {
        let rows = self.meant(self.client.query(COLUMNS, &[&table]).await)?;
        self.meant(rows.iter().map(|row| row.try_get(0)).collect())
    }

    async fn number(&mut self, sql: &str) -> Result<Option<u64>, OpenError> {
        let row = self.meant(self.client.query_opt(sql, &[]).await)?;
        let number: Option<Option<i64>> = self.meant(row.map(|row| row.try_get(0)).transpose())?;
        Ok(number.flatten().map(|number| u64::try_from(number).unwrap_or(0)))
    }

    async fn run(&mut self, statement: &str, _repeatable: bool) -> Result<(), OpenError> {
        self.meant(self.client.batch_execute(statement).await)
    }

    async fn unlock(&mut self) -> Result<(), OpenError> {
        self.meant(self.client.batch_execute("COMMIT").await)
    }
}
