//! Reads the table, or purges it, beside the writer, on sessions of its own, on the primary.

use std::time::Duration;

use dropins_database::connect::mysql::Connector;
use dropins_database::{Lease, Sessions};
use dropins_services::Unavailable;
use mysql_async::{Conn, prelude::Queryable};

use super::failure::{failed, is_rolled_back};
use super::sql;
use crate::{
    backend::{Deleter, READERS, Reader, Size},
    entry::{Key, down},
};

/// From so many rows on, the estimate is good enough.
const COUNTED: u64 = 100_000;

const SIZE: &str =
    "SELECT COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH + INDEX_LENGTH, 0) FROM information_schema.TABLES
                    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'IDN_OIDC_JTI'";

/// Names of locks belong to the whole server, so the database is part of it.
const LEASE: &str = "SELECT GET_LOCK(CONCAT('dropins-purge-', MD5(DATABASE())), 0)";
const RELEASE: &str = "DO RELEASE_LOCK(CONCAT('dropins-purge-', MD5(DATABASE())))";

pub(super) struct MysqlReader(Sessions<Connector>);

impl MysqlReader {
    pub(super) fn new(connector: Connector) -> Self {
        // Never trusted unasked: what a replica holds may be old.
        Self(Sessions::new(connector, READERS, Duration::ZERO))
    }

    async fn session(&self) -> Result<Lease<Conn>, Unavailable> {
        self.0.lease().await.map_err(|error| down(error.into_detail()))
    }
}

#[async_trait::async_trait]
impl Reader for MysqlReader {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        let mut session = self.session().await?;
        let row: Option<(Vec<u8>, Vec<u8>, u64)> = session.query_first(sql::read([key])).await.map_err(failed)?;
        session.return_to_pool();
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
        session.return_to_pool();
        Ok(Size { rows, bytes })
    }
}

#[async_trait::async_trait]
impl Deleter for MysqlReader {
    async fn purge(&self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        let mut session = self.session().await?;
        if session.query_first::<Option<u8>, _>(LEASE).await.map_err(failed)?.flatten() != Some(1) {
            session.return_to_pool();
            return Ok(0);
        }
        let purge = format!("DELETE FROM IDN_OIDC_JTI WHERE EXP_TIME <= {until} ORDER BY EXP_TIME LIMIT {limit}");
        let purged = match session.query_drop(purge).await {
            Ok(()) => session.affected_rows(),
            // A decision had precedence.
            Err(error) if is_rolled_back(&error) => 0,
            Err(error) => return Err(failed(error)),
        };
        session.query_drop(RELEASE).await.map_err(failed)?;
        session.return_to_pool();
        Ok(usize::try_from(purged).unwrap_or(usize::MAX))
    }
}
