//! The pairs in the table `IDN_OIDC_JTI` of a MariaDB or MySQL database.
//!
//! Neither tells which rows of a batch it wrote, so a batch is first inserted as a whole, by one statement that is its own
//! transaction: it either takes every pair or, when one is there already, none. Then the same is done in a transaction
//! that locks the known rows first and decides by what it read. A transaction that meets a row that appeared in between, or a
//! deadlock, has changed nothing and begins again. A connection that is lost leaves the outcome unknown: unavailable.

mod failure;
mod reader;
mod schema;
mod sql;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use dropins_database::connect::mysql::Connector;
use dropins_database::connect::mysql_tables::MysqlTables;
use dropins_database::{OpenError, ServerUrl, migrations};
use dropins_services::Unavailable;
use mysql_async::{Conn, Error, prelude::Queryable};

use self::failure::{failed, is_rolled_back};
use self::reader::MysqlReader;
use crate::{
    backend::{Backend, Deleter, Reader},
    deadline::within,
    entry::{Entry, Key, Outcome},
};

/// A pair that no client can have, because neither of its parts is ever empty.
const PROBE: &str =
    "INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED) VALUES ('', '', -1234, 0, 0)";
const UNPROBE: &str = "DELETE FROM IDN_OIDC_JTI WHERE CLIENT_ID = '' AND JWT_ID = '' AND TENANT_ID = -1234";

/// The pairs in a MariaDB or MySQL database.
pub struct MysqlBackend {
    connector: Connector,
    session: Option<Conn>,
    inherited_until: Option<u64>,
}

impl MysqlBackend {
    /// Connects, and makes or converts the table. A lock is waited for a second.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub async fn open(url: &ServerUrl, timeout: Duration) -> Result<Self, OpenError> {
        let connector = Connector::new(url, timeout)?;
        let mut session = connector.open().await?;
        let inherited_until = schema::TABLE.open(&mut MysqlTables::new(&mut session, &connector.database)).await?;
        // The session of this runtime ends here; the writer begins its own.
        session.disconnect().await.ok();
        Ok(Self { connector, session: None, inherited_until })
    }

    /// What [`MysqlBackend::open`] would change.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub async fn plan(url: &ServerUrl, timeout: Duration) -> Result<Vec<String>, OpenError> {
        let connector = Connector::new(url, timeout)?;
        let mut session = connector.open().await?;
        let plan = migrations::plan(&mut MysqlTables::new(&mut session, &connector.database), &schema::TABLE).await?;
        session.disconnect().await.ok();
        Ok(plan)
    }

    /// What can make the server forget used assertions although it is fit to remember them.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub async fn risk(url: &ServerUrl, timeout: Duration) -> Result<Option<&'static str>, OpenError> {
        let connector = Connector::new(url, timeout)?;
        let mut session = connector.open().await?;
        let risk = connector.risk(&mut session).await;
        session.disconnect().await.ok();
        risk
    }

    /// Does the work on the session, within the time-out. A session that failed, or was left in the middle of something,
    /// is never used again.
    async fn with<T>(&mut self, work: impl AsyncFnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Unavailable> {
        let timeout = self.connector.timeout;
        let held = self.session.take();
        let work = async {
            let mut session = match held {
                Some(session) => session,
                None => self.connector.connect().await.map_err(failed)?,
            };
            let done = work(&mut session).await.map_err(failed)?;
            Ok((session, done))
        };
        let (session, done) = within(timeout, work).await?;
        self.session = Some(session);
        Ok(done)
    }
}

async fn decide(session: &mut Conn, batch: &[&Entry]) -> Result<Vec<Outcome>, Error> {
    match session.query_drop(sql::insert(batch)).await {
        Ok(()) => return Ok(vec![Outcome::First; batch.len()]),
        Err(error) if is_rolled_back(&error) => {}
        Err(error) => return Err(error),
    }
    loop {
        session.query_drop("START TRANSACTION").await?;
        match decide_by_row(session, batch).await {
            Ok(outcomes) => return Ok(outcomes),
            Err(error) if is_rolled_back(&error) => session.query_drop("ROLLBACK").await?,
            Err(error) => return Err(error),
        }
    }
}

/// In a transaction: locks the rows that are there, judges them, and takes the free pairs.
async fn decide_by_row(session: &mut Conn, batch: &[&Entry]) -> Result<Vec<Outcome>, Error> {
    let stored = expiries(session, &sql::lock(batch.iter().map(|entry| &entry.key))).await?;
    let stored = |entry: &Entry| stored.get(&entry.key).copied();
    let outcome = |entry: &&Entry| match stored(entry) {
        Some(until) if until > entry.now => Outcome::Seen { until },
        _ => Outcome::First,
    };
    let outcomes: Vec<Outcome> = batch.iter().map(outcome).collect();
    let (over, absent): (Vec<&Entry>, Vec<&Entry>) = batch
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == Outcome::First)
        .map(|(entry, _)| *entry)
        .partition(|entry| stored(entry).is_some());
    if !over.is_empty() {
        session.query_drop(sql::replace(&over)).await?;
    }
    if !absent.is_empty() {
        session.query_drop(sql::insert(&absent)).await?;
    }
    session.query_drop("COMMIT").await?;
    Ok(outcomes)
}

async fn expiries(session: &mut Conn, query: &str) -> Result<HashMap<Key, u64>, Error> {
    let rows: Vec<(Vec<u8>, Vec<u8>, u64)> = session.query(query).await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(rows
        .into_iter()
        .map(|(client_id, jti, until)| (Key { client_id: text(client_id), jti: text(jti) }, until))
        .collect())
}

#[async_trait::async_trait]
impl Backend for MysqlBackend {
    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(MysqlReader::new(self.connector.clone()))
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        self.with(async |session| decide(session, batch).await).await
    }

    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable> {
        let found = self.with(async |session| expiries(session, &sql::read(keys)).await).await?;
        Ok(keys.iter().map(|key| found.get(key).copied()).collect())
    }

    fn inherited_until(&self) -> Option<u64> {
        self.inherited_until
    }

    fn deleter(&self) -> Option<Arc<dyn Deleter>> {
        Some(Arc::new(MysqlReader::new(self.connector.clone())))
    }

    async fn probe(&mut self) -> Result<(), Unavailable> {
        self.with(async |session| {
            for statement in ["START TRANSACTION", PROBE, UNPROBE, "COMMIT"] {
                session.query_drop(statement).await?;
            }
            Ok(())
        })
        .await
    }

    async fn reconnect(&mut self) -> Result<(), Unavailable> {
        self.session = None;
        self.with(async |session| session.ping().await).await
    }

    async fn close(self) -> Result<(), Unavailable> {
        match self.session {
            Some(session) => session.disconnect().await.map_err(failed),
            None => Ok(()),
        }
    }
}
