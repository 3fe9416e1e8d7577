//! Reads the table, or purges it, beside the writer, on sessions of its own, on the primary.

use std::time::Duration;

use dropins_database::connect::postgres::Connector;
use dropins_database::connect::postgres_text::stored;
use dropins_database::{Lease, Sessions};
use dropins_services::Unavailable;
use tokio_postgres::{Client, Error};

use super::failure::failed;
use crate::{
    backend::{Deleter, READERS, Reader, Size},
    entry::{Key, down, signed, unsigned},
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

pub(super) struct PostgresReader(Sessions<Connector>);

impl PostgresReader {
    pub(super) fn new(connector: Connector) -> Self {
        // Never trusted unasked: what a standby holds may be old.
        Self(Sessions::new(connector, READERS, Duration::ZERO))
    }

    async fn session(&self) -> Result<Lease<Client>, Unavailable> {
        self.0.lease().await.map_err(|error| down(error.into_detail()))
    }
}

/// What a session was asked; it is used again if it answered.
fn answered<T>(session: Lease<Client>, answer: Result<T, Error>) -> Result<T, Unavailable> {
    let answer = answer.map_err(failed)?;
    session.return_to_pool();
    Ok(answer)
}

#[async_trait::async_trait]
impl Reader for PostgresReader {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        let session = self.session().await?;
        let row = session.query_opt(EXPIRES_AT, &[&stored(&key.client_id), &stored(&key.jti)]).await;
        let row = answered(session, row)?;
        Ok(row.map(|row| row.try_get(0)).transpose().map_err(failed)?.map(unsigned))
    }

    async fn size(&self) -> Result<Size, Unavailable> {
        let session = self.session().await?;
        let row = session.query_one(SIZE, &[]).await;
        let row = answered(session, row)?;
        let number = |place: usize| row.try_get(place).map(unsigned).map_err(failed);
        Ok(Size { rows: number(0)?, bytes: number(1)? })
    }
}

#[async_trait::async_trait]
impl Deleter for PostgresReader {
    async fn purge(&self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = self.session().await?;
        let purged = session.execute(PURGE, &[&signed(until), &limit]).await;
        Ok(usize::try_from(answered(session, purged)?).unwrap_or(usize::MAX))
    }
}
