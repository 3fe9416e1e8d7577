//! The pairs in the table `IDN_OIDC_JTI` of an SQLite file.
//!
//! A batch is one `BEGIN IMMEDIATE` transaction with one deciding statement for each pair, committed with
//! `synchronous=FULL`. The file may be shared with other processes and other components. A file that was moved, deleted
//! or replaced under the connection is noticed before a batch; a missing file is never created while running,
//! because that would forget every pair.

mod checkpoint;
mod reader;
mod schema;
mod sql;
#[cfg(test)]
mod tests;
mod transaction;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dropins_database::OpenError;
use dropins_database::connect::sqlite::{self as connection, FileIdentity};
use dropins_database::connect::sqlite_tables::{self, SqliteTables};
use dropins_services::Unavailable;
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use self::{
    checkpoint::Checkpointer,
    reader::SqliteReader,
    sql::{EXPIRES_AT, PROBE, PURGE, REMEMBER, failed},
    transaction::Transaction,
};
use crate::{
    backend::{Backend, Reader},
    entry::{Entry, Key, Outcome, down, signed, unsigned},
    table::TENANT,
};

/// The pairs in an SQLite file.
pub struct SqliteBackend {
    path: PathBuf,
    busy_timeout: Duration,
    file: FileIdentity,
    connection: Connection,
    checkpointer: Checkpointer,
    inherited_until: Option<u64>,
}

impl SqliteBackend {
    /// Opens the file, making it and its table when they are missing; its folder must be there. A lock is waited for
    /// half the time-out of a decision, so that a caller learns that it was a lock.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn open(path: &Path, timeout: Duration) -> Result<Self, OpenError> {
        connection::create_file(path)?;
        let mut backend = Self::connect(path.to_owned(), timeout / 2)?;
        let mut tables = SqliteTables::new(&mut backend.connection, path, timeout / 2);
        backend.inherited_until = pollster::block_on(schema::TABLE.open(&mut tables))?;
        drop(tables);
        Ok(backend)
    }

    /// What [`SqliteBackend::open`] would change.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub fn plan(path: &Path, timeout: Duration) -> Result<Vec<String>, OpenError> {
        let made = (!path.exists()).then(|| format!("make the database file {}", path.display()));
        let changes = sqlite_tables::plan(path, timeout / 2, &schema::TABLE)?;
        Ok(made.into_iter().chain(changes).collect())
    }

    fn connect(path: PathBuf, busy_timeout: Duration) -> Result<Self, OpenError> {
        // Taken before the connection: a file that is replaced in between is then noticed, not trusted.
        let file = FileIdentity::of(&path)
            .map_err(|error| OpenError::Unusable { path: path.clone(), detail: error.to_string() })?;
        let connection = connection::writing(&path, busy_timeout)?;
        let checkpointer = Checkpointer::start(&path, busy_timeout)?;
        Ok(Self { path, busy_timeout, file, connection, checkpointer, inherited_until: None })
    }

    /// A transaction that writes so many rows and holds the write lock, on the file that the path still names.
    fn transaction(&mut self, rows: usize) -> Result<Transaction<'_>, Unavailable> {
        match FileIdentity::of(&self.path) {
            Ok(file) if file == self.file => {}
            Ok(_) => return Err(down("the database file was replaced")),
            Err(error) => return Err(down(format_args!("the database file is gone: {error}"))),
        }
        self.checkpointer.tend(&self.connection, rows);
        Transaction::begin(&self.connection).map_err(failed)
    }
}

#[async_trait::async_trait]
impl Backend for SqliteBackend {
    const BLOCKS: bool = true;

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(SqliteReader { path: self.path.clone(), busy_timeout: self.busy_timeout })
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        let transaction = self.transaction(batch.len())?;
        let outcomes = decide_all(&transaction, batch).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(outcomes)
    }

    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable> {
        let mut expires_at = self.connection.prepare_cached(EXPIRES_AT).map_err(failed)?;
        let mut expiry = |key: &Key| {
            let found = expires_at.query_row((&key.client_id, &key.jti, TENANT), |row| row.get(0)).optional();
            found.map(|until| until.map(unsigned)).map_err(failed)
        };
        keys.iter().map(&mut expiry).collect()
    }

    fn inherited_until(&self) -> Option<u64> {
        self.inherited_until
    }

    async fn purge(&mut self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        let transaction = self.transaction(limit)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let purged = transaction.execute(PURGE, (signed(until), limit)).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(purged)
    }

    async fn probe(&mut self) -> Result<(), Unavailable> {
        let transaction = self.transaction(1)?;
        transaction.execute_batch(PROBE).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    async fn reconnect(&mut self) -> Result<(), Unavailable> {
        let inherited_until = self.inherited_until;
        *self = Self { inherited_until, ..Self::connect(self.path.clone(), self.busy_timeout).map_err(down)? };
        Ok(())
    }

    async fn close(self) -> Result<(), Unavailable> {
        self.checkpointer.stop();
        let checkpointed = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.close().map_err(|(_, error)| failed(error))?;
        checkpointed.map_err(failed)
    }
}

fn decide_all(connection: &Connection, batch: &[&Entry]) -> rusqlite::Result<Vec<Outcome>> {
    let mut remember = connection.prepare_cached(REMEMBER)?;
    let mut expires_at = connection.prepare_cached(EXPIRES_AT)?;
    batch.iter().map(|entry| decide(&mut remember, &mut expires_at, entry)).collect()
}

fn decide(
    remember: &mut CachedStatement<'_>,
    expires_at: &mut CachedStatement<'_>,
    entry: &Entry,
) -> rusqlite::Result<Outcome> {
    let (client_id, jti) = (&entry.key.client_id, &entry.key.jti);
    let times = (signed(entry.expires_at), signed(entry.created_at), signed(entry.now));
    if remember.execute((client_id, jti, TENANT, times.0, times.1, times.2))? == 1 {
        return Ok(Outcome::First);
    }
    let until = expires_at.query_row((client_id, jti, TENANT), |row| row.get(0))?;
    Ok(Outcome::Seen { until: unsigned(until) })
}
