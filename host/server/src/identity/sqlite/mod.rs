//! The identity database in an SQLite file, which the replay store and other processes may share.
//!
//! One connection writes, a few read, all of them on blocking threads. A commit that has returned survives a power
//! failure. A file that was moved or replaced under a connection is noticed, and opened anew.

mod clients;
mod connection;
mod key_uses;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

use self::connection::Link;
use super::key_use::KeyUse;
use super::open_error::OpenError;
use super::record::ClientRecord;
use super::store::{Changes, IdentityStore, StoreError};

/// Reading connections; a look-up takes microseconds, so that a few of them serve many requests.
const READERS: usize = 4;

/// Rows of one transaction of the ledger: the replay store must not wait for a long one.
const LEDGER_BATCH: usize = 500;

/// The database.
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    path: PathBuf,
    writer: Mutex<Link>,
    idle: Mutex<Vec<Link>>,
    readers: Semaphore,
}

impl SqliteStore {
    /// Opens the file, making it and its tables when they are missing; its folder must be there.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        connection::create_file(path)?;
        let mut writer = Link::writing(path)?;
        schema::migrate(path, &mut writer.connection)?;
        let idle = Mutex::new(Vec::with_capacity(READERS));
        let inner = Inner { path: path.to_owned(), writer: Mutex::new(writer), idle, readers: Semaphore::new(READERS) };
        Ok(Self(Arc::new(inner)))
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        let _reader = self.0.readers.acquire().await.map_err(StoreError::unavailable)?;
        blocking(move || inner.read(query)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        blocking(move || inner.write(change)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(StoreError::unavailable)?
}

impl Inner {
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let link = match idle.filter(|link| link.is_of(&self.path)) {
            Some(link) => link,
            None => Link::reading(&self.path)?,
        };
        let answer = query(&link.connection)?;
        // Only after success: a connection that failed is not used again.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(link);
        Ok(answer)
    }

    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if !writer.is_of(&self.path) {
            *writer = Link::writing(&self.path).map_err(StoreError::unavailable)?;
        }
        let transaction = writer.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = change(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let detail = error.to_string();
        match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
                Self::Damaged { detail }
            }
            _ => Self::Unavailable { detail },
        }
    }
}

#[async_trait::async_trait]
impl IdentityStore for SqliteStore {
    async fn find(&self, client_id: &str) -> Result<Option<ClientRecord>, StoreError> {
        let client_id = client_id.to_owned();
        self.read(move |connection| clients::find(connection, &client_id)).await
    }

    async fn page(&self, after: &str, limit: usize) -> Result<Vec<ClientRecord>, StoreError> {
        let after = after.to_owned();
        self.read(move |connection| clients::page(connection, &after, limit)).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.read(clients::count).await
    }

    async fn insert(&self, client: ClientRecord) -> Result<(), StoreError> {
        self.write(move |transaction| clients::insert(transaction, &client)).await
    }

    async fn update(&self, client: ClientRecord) -> Result<(), StoreError> {
        self.write(move |transaction| clients::update(transaction, &client)).await
    }

    async fn remove(&self, client_id: &str) -> Result<bool, StoreError> {
        let client_id = client_id.to_owned();
        self.write(move |transaction| clients::remove(transaction, &client_id)).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        self.read(clients::version).await
    }

    async fn changes(&self, since: u64) -> Result<Changes, StoreError> {
        self.read(move |connection| clients::changes(connection, since)).await
    }

    async fn record(&self, mut uses: Vec<KeyUse>) -> Result<(), StoreError> {
        while !uses.is_empty() {
            let rest = uses.split_off(uses.len().min(LEDGER_BATCH));
            let batch = std::mem::replace(&mut uses, rest);
            self.write(move |transaction| key_uses::record(transaction, &batch)).await?;
        }
        Ok(())
    }

    async fn uses(&self, client_id: &str) -> Result<Vec<KeyUse>, StoreError> {
        let client_id = client_id.to_owned();
        self.read(move |connection| key_uses::of(connection, &client_id)).await
    }
}
