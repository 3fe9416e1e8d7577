//! The pairs in the table `IDN_OIDC_JTI` of a PostgreSQL database.
//!
//! A batch is one statement and, with it, one transaction, and the driver reports its end only after the commit. A
//! connection that is lost in between leaves the outcome unknown: the batch is unavailable. Every session insists on a
//! durable commit and on the primary, and no statement outlives the time-out of a decision by much.

mod failure;
mod reader;
mod schema;

use std::{collections::HashSet, sync::Arc, time::Duration};

use dropins_database::connect::postgres::{self as connection, Connector, is_conflict};
use dropins_database::connect::postgres_tables::PostgresTables;
use dropins_database::connect::postgres_text::{self as text, stored};
use dropins_database::{OpenError, ServerUrl, migrations};
use dropins_services::Unavailable;
use tokio_postgres::{Client, Row, Statement};

use self::{failure::failed, reader::PostgresReader};
use crate::{
    backend::{Backend, Deleter, Reader},
    deadline::within,
    entry::{Entry, Key, Outcome, down, signed, unsigned},
};

/// Returns the pairs that were free, and are now taken. `decided_at` belongs to the use and is no column, so a conflict
/// looks it up. The pairs are sorted: two nodes lock common rows in the same order.
const REMEMBER: &str = "
    WITH used AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
        AS used (client_id, jwt_id, exp_time, time_created, decided_at)
    )
    INSERT INTO IDN_OIDC_JTI AS kept (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED)
    SELECT client_id, jwt_id, -1234, exp_time, time_created FROM used
    ON CONFLICT (CLIENT_ID, JWT_ID, TENANT_ID)
    DO UPDATE SET EXP_TIME = excluded.EXP_TIME, TIME_CREATED = excluded.TIME_CREATED
    WHERE kept.EXP_TIME <=
        (SELECT decided_at FROM used WHERE used.client_id = excluded.CLIENT_ID AND used.jwt_id = excluded.JWT_ID)
    RETURNING CLIENT_ID, JWT_ID";

/// One row for each pair that is asked for, in that order.
const EXPIRIES: &str = "
    SELECT (SELECT EXP_TIME FROM IDN_OIDC_JTI kept
            WHERE kept.CLIENT_ID = asked.client_id AND kept.JWT_ID = asked.jwt_id AND kept.TENANT_ID = -1234)
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (client_id, jwt_id, place) ORDER BY place";

/// A pair that no client can have, because neither of its parts is ever empty.
const PROBE: &str = "
    BEGIN;
    INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED) VALUES ('', '', -1234, 0, 0);
    DELETE FROM IDN_OIDC_JTI WHERE CLIENT_ID = '' AND JWT_ID = '';
    COMMIT";

/// The pairs in a PostgreSQL database.
pub struct PostgresBackend {
    connector: Connector,
    session: Option<Session>,
    inherited_until: Option<u64>,
}

struct Session {
    client: Client,
    remember: Statement,
    expiries: Statement,
}

impl PostgresBackend {
    /// Connects, and makes or converts the table. A lock is waited for half the time-out of a decision.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub async fn open(url: &ServerUrl, timeout: Duration) -> Result<Self, OpenError> {
        let connector = Connector::new(url, timeout)?;
        let client = connector.open().await?;
        let inherited_until = schema::TABLE.open(&mut PostgresTables::new(&client, &connector.database)).await?;
        // The session of this runtime ends here; the writer begins its own.
        Ok(Self { connector, session: None, inherited_until })
    }

    /// What [`PostgresBackend::open`] would change.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub async fn plan(url: &ServerUrl, timeout: Duration) -> Result<Vec<String>, OpenError> {
        let connector = Connector::new(url, timeout)?;
        let client = connector.open().await?;
        // Counting the rows of a large table takes its time.
        let patient = client.batch_execute("SET statement_timeout = 0").await;
        patient.map_err(|error| connection::meaning(&connector.database, &error))?;
        migrations::plan(&mut PostgresTables::new(&client, &connector.database), &schema::TABLE).await
    }

    /// What can make the server forget used assertions although it is fit to remember them.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub async fn risk(url: &ServerUrl, timeout: Duration) -> Result<Option<&'static str>, OpenError> {
        let connector = Connector::new(url, timeout)?;
        let client = connector.open().await?;
        connector.risk(&client).await
    }

    /// The session, a new one when there is none or when it is known to be lost.
    async fn session(&mut self) -> Result<&Session, Unavailable> {
        match &mut self.session {
            Some(session) if !session.client.is_closed() => {}
            session => *session = Some(Session::begin(&self.connector).await.map_err(failed)?),
        }
        self.session.as_ref().ok_or_else(|| down("it has no session"))
    }
}

impl Session {
    async fn begin(connector: &Connector) -> Result<Self, tokio_postgres::Error> {
        let client = connector.connect().await?;
        let remember = client.prepare(REMEMBER).await?;
        let expiries = client.prepare(EXPIRIES).await?;
        Ok(Self { client, remember, expiries })
    }

    async fn decide(&self, batch: &[&Entry]) -> Result<Vec<Outcome>, tokio_postgres::Error> {
        let firsts = self.remember(batch).await?;
        let first = |entry: &Entry| firsts.contains(&entry.key);
        let seen: Vec<Key> = batch.iter().filter(|entry| !first(entry)).map(|entry| entry.key.clone()).collect();
        let mut expiries = if seen.is_empty() { Vec::new() } else { self.expiries(&seen).await? }.into_iter();
        let outcome = |entry: &&Entry| match first(entry) {
            true => Outcome::First,
            // Since the commit, another node may have replaced or purged the row, as its clock is ahead of this use.
            false => Outcome::Seen { until: expiries.next().flatten().unwrap_or(0).max(entry.now + 1) },
        };
        Ok(batch.iter().map(outcome).collect())
    }

    /// The pairs of the batch that were free.
    async fn remember(&self, batch: &[&Entry]) -> Result<HashSet<Key>, tokio_postgres::Error> {
        let clients: Vec<_> = batch.iter().map(|entry| stored(&entry.key.client_id)).collect();
        let jtis: Vec<_> = batch.iter().map(|entry| stored(&entry.key.jti)).collect();
        let seconds = |of: fn(&Entry) -> u64| batch.iter().map(|entry| signed(of(entry))).collect::<Vec<i64>>();
        let (expires_at, created_at, now) =
            (seconds(|entry| entry.expires_at), seconds(|entry| entry.created_at), seconds(|entry| entry.now));
        let rows = self.client.query(&self.remember, &[&clients, &jtis, &expires_at, &created_at, &now]).await?;
        rows.iter().map(key).collect()
    }

    async fn expiries(&self, keys: &[Key]) -> Result<Vec<Option<u64>>, tokio_postgres::Error> {
        let clients: Vec<_> = keys.iter().map(|key| stored(&key.client_id)).collect();
        let jtis: Vec<_> = keys.iter().map(|key| stored(&key.jti)).collect();
        let rows = self.client.query(&self.expiries, &[&clients, &jtis]).await?;
        rows.iter().map(|row| row.try_get(0).map(|until: Option<i64>| until.map(unsigned))).collect()
    }
}

fn key(row: &Row) -> Result<Key, tokio_postgres::Error> {
    Ok(Key { client_id: text::original(row.try_get(0)?), jti: text::original(row.try_get(1)?) })
}

#[async_trait::async_trait]
impl Backend for PostgresBackend {
    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(PostgresReader::new(self.connector.clone()))
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        let timeout = self.connector.timeout;
        within(timeout, async {
            let session = self.session().await?;
            loop {
                match session.decide(batch).await {
                    Err(error) if is_conflict(&error) => {
                        tracing::debug!("a transaction lost a conflict and is repeated")
                    }
                    decided => return decided.map_err(failed),
                }
            }
        })
        .await
    }

    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable> {
        let timeout = self.connector.timeout;
        within(timeout, async { self.session().await?.expiries(keys).await.map_err(failed) }).await
    }

    fn inherited_until(&self) -> Option<u64> {
        self.inherited_until
    }

    fn deleter(&self) -> Option<Arc<dyn Deleter>> {
        Some(Arc::new(PostgresReader::new(self.connector.clone())))
    }

    async fn probe(&mut self) -> Result<(), Unavailable> {
        let timeout = self.connector.timeout;
        within(timeout, async { self.session().await?.client.batch_execute(PROBE).await.map_err(failed) }).await
    }

    async fn reconnect(&mut self) -> Result<(), Unavailable> {
        self.session = None;
        let timeout = self.connector.timeout;
        within(timeout, async { self.session().await.map(drop) }).await
    }

    async fn close(self) -> Result<(), Unavailable> {
        Ok(())
    }
}
