//! Reads the table, or purges it, beside the writer, on a session of its own.
//!
//! The session is taken out while it is used, so that one that failed, or was left in the middle, is not used again.

use dropins_database::connect::mysql::{Connector, is_on_primary};
use dropins_services::Unavailable;
use mysql_async::{Conn, prelude::Queryable};
use tokio::sync::Mutex;

use super::{failed, is_rolled_back, sql};
use crate::{
    backend::{Deleter, Reader, Size},
    entry::Key,
};

/// From so many rows on, the estimate is good enough.
const COUNTED: u64 = 100_000;

const SIZE: &str =
    "SELECT COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH + INDEX_LENGTH, 0) FROM information_schema.TABLES
                    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'IDN_OIDC_JTI'";

/// Names of locks belong to the whole server, so the database is part of it.
const LEASE: &str = "SELECT GET_LOCK(CONCAT('dropins-purge-', MD5(DATABASE())), 0)";
const RELEASE: &str = "DO RELEASE_LOCK(CONCAT('dropins-purge-', MD5(DATABASE())))";

pub(super) struct MysqlReader {
    connector: Connector,
    session: Mutex<Option<Conn>>,
}

impl MysqlReader {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, session: Mutex::new(None) }
    }

    /// A session on the primary. One that was idle may be lost, belong to a runtime that has ended, or stand on a server
    /// that is a replica by now: what that holds may be old.
    async fn session(&self) -> Result<Conn, Unavailable> {
        let held = self.session.lock().await.take();
        if let Some(mut session) = held
            && matches!(is_on_primary(&mut session).await, Ok(true))
        {
            return Ok(session);
        }
        self.connector.connect().await.map_err(failed)
    }

    async fn keep(&self, session: Conn) {
        *self.session.lock().await = Some(session);
    }
}

#[async_trait::async_trait]
impl Reader for MysqlReader {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        let mut session = self.session().await?;
        let row: Option<(Vec<u8>, Vec<u8>, u64)> = session.query_first(sql::read([key])).await.map_err(failed)?;
        self.keep(session).await;
        Ok(row.map(|(_, _, until)| until))
    }

    async fn size(&self) -> Result<Size, Unavailable> {
        let mut session = self.session().await?;
        let estimate: Option<(u64, u64)> = session.query_first(SIZE).await.map_err(failed)?;
        let (mut rows, bytes) = estimate.unwrap_or_default();
        if rows < COUNTED {
            let counted = session.query_first("SELECT COUNT(*) FROM IDN_OIDC_JTI").await.map_err(failed)?;
            rows = counted.unwrap_or_default();
        }
        self.keep(session).await;
        Ok(Size { rows, bytes })
    }
}

#[async_trait::async_trait]
impl Deleter for MysqlReader {
    async fn purge(&self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        let mut session = self.session().await?;
        if session.query_first::<Option<u8>, _>(LEASE).await.map_err(failed)?.flatten() != Some(1) {
            self.keep(session).await;
            return Ok(0);
        }
        let purge = format!("DELETE FROM IDN_OIDC_JTI WHERE EXP_TIME <= {until} ORDER BY EXP_TIME LIMIT {limit}");
        let purged = match session.query_drop(purge).await {
            Ok(()) => session.affected_rows(),
            // It gave way to a decision.
            Err(error) if is_rolled_back(&error) => 0,
            Err(error) => return Err(failed(error)),
        };
        session.query_drop(RELEASE).await.map_err(failed)?;
        self.keep(session).await;
        Ok(usize::try_from(purged).unwrap_or(usize::MAX))
    }
}
