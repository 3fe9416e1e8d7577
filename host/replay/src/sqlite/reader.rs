//! Reads the table beside the writer, on a fresh read-only connection each time.
//!
//! Reads are rare (explanations, metrics, health), and a fresh connection needs no repair after a failure, sees a
//! replaced file, and holds no snapshot that would keep the log from shrinking.

use std::{path::PathBuf, time::Duration};

use dropins_database::connect::sqlite as connection;
use dropins_services::Unavailable;
use rusqlite::{Connection, OptionalExtension};

use super::sql::{EXPIRES_AT, failed};
use crate::{
    backend::{Reader, Size},
    entry::{Key, down, unsigned},
    table::TENANT,
};

#[derive(Debug, Clone)]
pub(super) struct SqliteReader {
    pub(super) path: PathBuf,
    pub(super) busy_timeout: Duration,
}

impl SqliteReader {
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let Self { path, busy_timeout } = self.clone();
        let work = move || query(&connection::reading(&path, busy_timeout)?);
        tokio::task::spawn_blocking(work).await.map_err(down)?.map_err(failed)
    }
}

#[async_trait::async_trait]
impl Reader for SqliteReader {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        let key = key.clone();
        let stored = self
            .read(move |connection| {
                connection.query_row(EXPIRES_AT, (&key.client_id, &key.jti, TENANT), |row| row.get(0)).optional()
            })
            .await?;
        Ok(stored.map(unsigned))
    }

    async fn size(&self) -> Result<Size, Unavailable> {
        let sql = "SELECT (SELECT count(*) FROM IDN_OIDC_JTI), page_count * page_size
                   FROM pragma_page_count, pragma_page_size";
        let row =
            self.read(move |connection| connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))).await?;
        Ok(Size { rows: unsigned(row.0), bytes: unsigned(row.1) })
    }
}
