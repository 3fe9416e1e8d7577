//! The engine SQLite: a file, which the replay store and other processes may share.
//!
//! One connection writes, a few read, all of them on blocking threads. A file that was moved or replaced under a
//! connection is noticed, and the path is opened again.

use std::path::Path;
use std::sync::Arc;

use super::connection::{self, FileIdentity};
use super::statement;
use super::tables::{self, SqliteTables};
use crate::open_error::OpenError;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::engine::{Engine, Session};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::schema::Schema;
use crate::timeouts::BUSY_TIMEOUT;
use crate::value::{Row, Value};

/// Reading connections; a look-up takes microseconds, so that a few of them serve many requests.
const READERS: usize = 4;

/// The engine.
pub(crate) struct Sqlite {
    path: Arc<Path>,
    writer: Arc<Mutex<Link>>,
    readers: Pool<Link>,
    /// A scratch database's folder, removed with it.
    _folder: Option<TempDir>,
}

/// A connection, and the file that its path named when it was opened.
struct Link {
    connection: Connection,
    file: FileIdentity,
}

impl Link {
    fn writing(path: &Path) -> Result<Self, OpenError> {
        let file = file_of(path)?;
        Ok(Self { connection: connection::writing(path, BUSY_TIMEOUT)?, file })
    }

    fn reading(path: &Path) -> Result<Self, OpenError> {
        let file = file_of(path)?;
        let connection = connection::reading(path, BUSY_TIMEOUT);
        Ok(Self { connection: connection.map_err(|error| connection::from_sqlite(path, BUSY_TIMEOUT, error))?, file })
    }

    /// Whether the path still names its file.
    fn is_of(&self, path: &Path) -> bool {
        FileIdentity::of(path).is_ok_and(|file| file == self.file)
    }
}

/// Read before connecting, so that a file that is replaced in between is noticed.
fn file_of(path: &Path) -> Result<FileIdentity, OpenError> {
    FileIdentity::of(path).map_err(|error| OpenError::Unusable { path: path.to_owned(), detail: error.to_string() })
}

impl Sqlite {
    pub(crate) fn open(path: &Path, schema: &Schema) -> Result<Self, OpenError> {
        connection::create_file(path)?;
        let mut writer = Link::writing(path)?;
        tables::migrate(&mut SqliteTables::new(&mut writer.connection, path, BUSY_TIMEOUT), schema)?;
        let writer = Arc::new(Mutex::new(writer));
        Ok(Self { path: path.into(), writer, readers: Pool::new(READERS), _folder: None })
    }

    /// A database whose tables are another program's; it is only read.
    pub(crate) fn foreign(path: &Path) -> Result<Self, OpenError> {
        let writer = Arc::new(Mutex::new(Link::reading(path)?));
        Ok(Self { path: path.into(), writer, readers: Pool::new(READERS), _folder: None })
    }

    /// A database in a folder that is removed with it.
    pub(crate) fn scratch(schema: &Schema) -> Result<Self, OpenError> {
        let unusable =
            |error: std::io::Error| OpenError::Unusable { path: std::env::temp_dir(), detail: error.to_string() };
        let folder = tempfile::tempdir().map_err(unusable)?;
        let sqlite = Self::open(&folder.path().join("scratch.db"), schema)?;
        Ok(Self { _folder: Some(folder), ..sqlite })
    }

    /// What [`Sqlite::open`] would change.
    pub(crate) fn plan(path: &Path, schema: &Schema) -> Result<Vec<String>, OpenError> {
        tables::plan(path, BUSY_TIMEOUT, schema)
    }

    /// Begins a transaction and hands it to the work, which commits it, keeps it or drops it.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(Writing) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (link, path) = (Arc::clone(&self.writer).lock_owned().await, Arc::clone(&self.path));
        blocking(move || work(Writing::begin(link, &path)?)).await
    }
}

/// The writing connection in a transaction, which is rolled back when this is dropped, wherever that happens.
struct Writing(OwnedMutexGuard<Link>);

impl Writing {
    fn begin(mut link: OwnedMutexGuard<Link>, path: &Path) -> Result<Self, StoreError> {
        if !link.is_of(path) {
            *link = Link::writing(path).map_err(StoreError::unavailable)?;
        }
        link.connection.execute_batch("BEGIN IMMEDIATE").map_err(statement::failed)?;
        Ok(Self(link))
    }

    fn commit(self) -> Result<(), StoreError> {
        self.0.connection.execute_batch("COMMIT").map_err(statement::failed)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.0.connection.is_autocommit()
            && let Err(error) = self.0.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the identity database cannot be rolled back");
        }
    }
}

#[async_trait::async_trait]
impl Engine for Sqlite {
    async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let mut permit = self.readers.permit().await?;
        let (path, sql) = (Arc::clone(&self.path), sql.to_owned());
        blocking(move || {
            let link = match permit.idle().filter(|link| link.is_of(&path)) {
                Some(link) => link,
                None => Link::reading(&path).map_err(StoreError::unavailable)?,
            };
            let rows = statement::query(&link.connection, &sql, &values)?;
            permit.return_to_pool(link);
            Ok(rows)
        })
        .await
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let sql = sql.to_owned();
        self.write(move |writing| {
            let rows = statement::execute(&writing.0.connection, &sql, &values)?;
            writing.commit()?;
            Ok(rows)
        })
        .await
    }

    async fn begin(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(SqliteSession(Some(self.write(Ok).await?))))
    }
}

/// A transaction; empty after a failure, which has rolled it back.
struct SqliteSession(Option<Writing>);

impl SqliteSession {
    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writing = self.0.take().ok_or_else(|| StoreError::unavailable("the transaction has ended"))?;
        let (writing, done) = blocking(move || {
            let done = work(&writing.0.connection)?;
            Ok((writing, done))
        })
        .await?;
        self.0 = Some(writing);
        Ok(done)
    }
}

#[async_trait::async_trait]
impl Session for SqliteSession {
    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let sql = sql.to_owned();
        self.run(move |connection| statement::query(connection, &sql, &values)).await
    }

    async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let sql = sql.to_owned();
        self.run(move |connection| statement::execute(connection, &sql, &values)).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let writing = self.0.take().ok_or_else(|| StoreError::unavailable("the transaction has ended"))?;
        blocking(move || writing.commit()).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(StoreError::unavailable)?
}
