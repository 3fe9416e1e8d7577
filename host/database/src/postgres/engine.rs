//! The engine PostgreSQL: a few sessions, made when they are needed.
//!
//! A transaction reads what is committed. Each session bounds its own statements and locks, so that nothing that was
//! given up here goes on there for long.

use super::connection::{Connector, is_on_primary};
use super::{schema, statement};
use crate::open_error::OpenError;
use crate::server_url::ServerUrl;
use tokio_postgres::Client;

use crate::engine::{Engine, Session};
use crate::error::StoreError;
use crate::pool::{Permit, Pool};
use crate::schema::Schema;
use crate::timeouts::{PATIENCE, TIMEOUT};
use crate::value::{Row, Value};

/// Sessions on the server, of one node.
const SESSIONS: usize = 10;

/// The engine.
pub(crate) struct Postgres {
    connector: Connector,
    sessions: Pool<Client>,
}

impl Postgres {
    pub(crate) async fn open(url: &ServerUrl, tables: &'static Schema) -> Result<Self, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?;
        let mut client = connector.open().await?;
        schema::migrate(&mut client, &connector.database, tables).await?;
        Ok(Self { connector, sessions: Pool::new(SESSIONS) })
    }

    /// What [`Postgres::open`] would change.
    pub(crate) async fn plan(url: &ServerUrl, tables: &'static Schema) -> Result<Vec<String>, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?;
        let client = connector.open().await?;
        Ok(schema::inspect(&client, &connector.database, tables).await?.plan(&connector.database))
    }

    /// A session that is alive, and on the primary.
    async fn session(&self) -> Result<(Permit<Client>, Client), StoreError> {
        let mut permit = self.sessions.permit().await?;
        // One that does not answer is not followed by the next: a slow server would be asked in vain until the time is up.
        if let Some(client) = permit.idle() {
            if permit.is_proven() && !client.is_closed() {
                return Ok((permit, client));
            }
            if answers(&client).await {
                permit.prove();
                return Ok((permit, client));
            }
        }
        let client = self.connector.connect().await.map_err(statement::failed)?;
        permit.prove();
        Ok((permit, client))
    }
}

/// Whether the server is still there, and the primary; a broken connection would fail a write that was never begun.
async fn answers(client: &Client) -> bool {
    tokio::time::timeout(PATIENCE, is_on_primary(client)).await == Ok(true)
}

/// Whether the session can be used again: an error that is not about a row may be about the server, which is read-only by
/// now.
fn is_sound<T>(done: &Result<T, StoreError>) -> bool {
    !matches!(done, Err(StoreError::Unavailable { .. }))
}

#[async_trait::async_trait]
impl Engine for Postgres {
    fn name(&self) -> String {
        self.connector.database.clone()
    }

    async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let (permit, client) = self.session().await?;
        let rows = statement::query(&client, sql, &values).await;
        if is_sound(&rows) {
            permit.keep(client);
        }
        rows
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let (permit, client) = self.session().await?;
        let rows = statement::execute(&client, sql, &values).await;
        if is_sound(&rows) {
            permit.keep(client);
        }
        rows
    }

    async fn begin(&self) -> Result<Box<dyn Session>, StoreError> {
        let (permit, client) = self.session().await?;
        client.batch_execute("BEGIN").await.map_err(statement::failed)?;
        Ok(Box::new(PostgresSession(Some((permit, client)))))
    }
}

/// A transaction; its session returns to the pool when it is over.
struct PostgresSession(Option<(Permit<Client>, Client)>);

impl PostgresSession {
    fn client(&self) -> Result<&Client, StoreError> {
        let over = || StoreError::unavailable("the transaction is over");
        self.0.as_ref().map(|(_, client)| client).ok_or_else(over)
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
        if let Some((permit, client)) = self.0.take() {
            permit.keep(client);
        }
        Ok(())
    }
}

/// The server rolls back in the background, after whatever was given up in the middle; without a runtime, the lost
/// connection tells it to.
impl Drop for PostgresSession {
    fn drop(&mut self) {
        if let (Some((permit, client)), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let rolled_back = tokio::time::timeout(TIMEOUT, client.batch_execute("ROLLBACK")).await;
                if let Ok(Ok(())) = rolled_back {
                    permit.keep(client);
                }
            });
        }
    }
}
