//! The engine PostgreSQL: a few sessions, begun when they are needed.
//!
//! A transaction reads what is committed. Each session bounds its own statements and locks, so that abandoned work ends on
//! the server soon.

use super::connection::Connector;
use super::statement;
use super::tables::PostgresTables;
use crate::migrations;
use crate::open_error::OpenError;
use crate::server_url::ServerUrl;
use crate::sessions::{Lease, Sessions};
use tokio_postgres::Client;

use crate::engine::{Engine, Session};
use crate::error::StoreError;
use crate::schema::Schema;
use crate::timeouts::{PATIENCE, TIMEOUT};
use crate::value::{Row, Value};

/// Sessions on the server, of one node.
const SESSIONS: usize = 10;

/// The engine.
pub(crate) struct Postgres {
    sessions: Sessions<Connector>,
}

impl Postgres {
    pub(crate) async fn open(url: &ServerUrl, schema: &Schema) -> Result<Self, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?;
        let client = connector.open().await?;
        migrations::migrate(&mut PostgresTables::new(&client, &connector.database), schema).await?;
        Ok(Self { sessions: Sessions::new(connector, SESSIONS, PATIENCE) })
    }

    /// What [`Postgres::open`] would change.
    pub(crate) async fn plan(url: &ServerUrl, schema: &Schema) -> Result<Vec<String>, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?;
        let client = connector.open().await?;
        migrations::plan(&mut PostgresTables::new(&client, &connector.database), schema).await
    }
}

/// Whether the session can be used again: an error that is not about a row may be about the server, which is read-only by
/// now.
fn is_sound<T>(done: &Result<T, StoreError>) -> bool {
    !matches!(done, Err(StoreError::Unavailable { .. }))
}

#[async_trait::async_trait]
impl Engine for Postgres {
    fn name(&self) -> String {
        self.sessions.connector().database.clone()
    }

    async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let session = self.sessions.lease().await?;
        let rows = statement::query(&session, sql, &values).await;
        if is_sound(&rows) {
            session.return_to_pool();
        }
        rows
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let session = self.sessions.lease().await?;
        let rows = statement::execute(&session, sql, &values).await;
        if is_sound(&rows) {
            session.return_to_pool();
        }
        rows
    }

    async fn begin(&self) -> Result<Box<dyn Session>, StoreError> {
        let session = self.sessions.lease().await?;
        session.batch_execute("BEGIN").await.map_err(statement::failed)?;
        Ok(Box::new(PostgresSession(Some(session))))
    }
}

/// A transaction; its session returns to the pool after the commit.
struct PostgresSession(Option<Lease<Client>>);

impl PostgresSession {
    fn client(&self) -> Result<&Client, StoreError> {
        let ended = || StoreError::unavailable("the transaction has ended");
        self.0.as_deref().ok_or_else(ended)
    }

    /// Drops a session that cannot be used again; the server rolls back when it is gone.
    fn checked<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if !is_sound(&done) {
            self.0 = None;
        }
        done
    }
}

#[async_trait::async_trait]
impl Session for PostgresSession {
    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let rows = statement::query(self.client()?, sql, &values).await;
        self.checked(rows)
    }

    async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let rows = statement::execute(self.client()?, sql, &values).await;
        self.checked(rows)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let done = self.client()?.batch_execute("COMMIT").await.map_err(statement::failed);
        self.checked(done)?;
        if let Some(session) = self.0.take() {
            session.return_to_pool();
        }
        Ok(())
    }
}

/// The server rolls back in the background, after a statement that was dropped in the middle; without a runtime, the lost
/// connection makes it do so.
impl Drop for PostgresSession {
    fn drop(&mut self) {
        if let (Some(session), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let rolled_back = tokio::time::timeout(TIMEOUT, session.batch_execute("ROLLBACK")).await;
                if let Ok(Ok(())) = rolled_back {
                    session.return_to_pool();
                }
            });
        }
    }
}
