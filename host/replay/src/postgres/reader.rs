//! Reads the table, or purges it, beside the writer, on a session of its own, on the primary.
//!
//! The session belongs to the runtime of whoever began it. When it is lost, or its server is the primary no more, the next
//! reader begins another: what a standby holds may be old.

use std::sync::Arc;

use dropins_database::connect::postgres::{Connector, is_on_primary};
use dropins_database::connect::postgres_text::stored;
use dropins_services::Unavailable;
use tokio::sync::Mutex;
use tokio_postgres::Client;

use super::failed;
use crate::{
    backend::{Deleter, Reader, Size},
    entry::{Key, signed, unsigned},
};

const EXPIRES_AT: &str = "SELECT EXP_TIME FROM IDN_OIDC_JTI WHERE CLIENT_ID = $1 AND JWT_ID = $2 AND TENANT_ID = -1234";

/// Counting is exact while the planner's estimate is small; it is below zero before the first ANALYZE.
const SIZE: &str = "
    SELECT CASE WHEN reltuples < 100000 THEN (SELECT count(*) FROM IDN_OIDC_JTI) ELSE reltuples::bigint END,
           pg_total_relation_size(oid)
    FROM pg_class WHERE oid = 'IDN_OIDC_JTI'::regclass";

/// Nothing while another node holds the lease. Rows that a decision holds are left for the next time.
const PURGE: &str = "
    WITH lease AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtext('dropins'), hashtext('purge')) AS held),
    over AS MATERIALIZED (
        SELECT CLIENT_ID, JWT_ID, TENANT_ID FROM IDN_OIDC_JTI
        WHERE EXP_TIME <= $1 AND (SELECT held FROM lease) ORDER BY EXP_TIME LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM IDN_OIDC_JTI kept USING over
    WHERE kept.CLIENT_ID = over.CLIENT_ID AND kept.JWT_ID = over.JWT_ID AND kept.TENANT_ID = over.TENANT_ID";

pub(super) struct PostgresReader {
    connector: Connector,
    client: Mutex<Option<Arc<Client>>>,
}

impl PostgresReader {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, client: Mutex::new(None) }
    }

    async fn client(&self) -> Result<Arc<Client>, Unavailable> {
        let mut held = self.client.lock().await;
        if let Some(client) = held.take()
            && is_on_primary(&client).await
        {
            *held = Some(Arc::clone(&client));
            return Ok(client);
        }
        let client = Arc::new(self.connector.connect().await.map_err(failed)?);
        *held = Some(Arc::clone(&client));
        Ok(client)
    }

    /// After an error nothing is known about the session.
    async fn forget(&self, error: tokio_postgres::Error) -> Unavailable {
        *self.client.lock().await = None;
        failed(error)
    }
}

#[async_trait::async_trait]
impl Reader for PostgresReader {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        let client = self.client().await?;
        match client.query_opt(EXPIRES_AT, &[&stored(&key.client_id), &stored(&key.jti)]).await {
            Ok(row) => Ok(row.map(|row| row.try_get(0)).transpose().map_err(failed)?.map(unsigned)),
            Err(error) => Err(self.forget(error).await),
        }
    }

    async fn size(&self) -> Result<Size, Unavailable> {
        let client = self.client().await?;
        match client.query_one(SIZE, &[]).await {
            Ok(row) => Ok(Size {
                rows: row.try_get(0).map(unsigned).map_err(failed)?,
                bytes: row.try_get(1).map(unsigned).map_err(failed)?,
            }),
            Err(error) => Err(self.forget(error).await),
        }
    }
}

#[async_trait::async_trait]
impl Deleter for PostgresReader {
    async fn purge(&self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let client = self.client().await?;
        match client.execute(PURGE, &[&signed(until), &limit]).await {
            Ok(purged) => Ok(usize::try_from(purged).unwrap_or(usize::MAX)),
            Err(error) => Err(self.forget(error).await),
        }
    }
}
