//! The engine MariaDB or MySQL: a few sessions, made when they are needed.
//!
//! A transaction reads what is committed. A session that was given up in the middle of a statement is never used again.

use super::connection::{Connector, is_on_primary};
use super::{schema, statement};
use crate::open_error::OpenError;
use crate::server_url::ServerUrl;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use crate::engine::{Engine, Session};
use crate::error::StoreError;
use crate::pool::{Permit, Pool};
use crate::schema::Schema;
use crate::timeouts::{PATIENCE, TIMEOUT};
use crate::value::{Row, Value};

/// Prepared statements of one session: more than this program has.
const STATEMENTS: usize = 128;

/// Sessions on the server, of one node.
const SESSIONS: usize = 10;

/// The engine.
pub(crate) struct Mysql {
    connector: Connector,
    sessions: Pool<Conn>,
}

impl Mysql {
    pub(crate) async fn open(url: &ServerUrl, tables: &'static Schema) -> Result<Self, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?.prepared(STATEMENTS);
        let mut session = connector.open().await?;
        schema::migrate(&mut session, &connector.database, tables).await?;
        session.disconnect().await.ok();
        Ok(Self { connector, sessions: Pool::new(SESSIONS) })
    }

    /// What [`Mysql::open`] would change.
    pub(crate) async fn plan(url: &ServerUrl, tables: &'static Schema) -> Result<Vec<String>, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?;
        let mut session = connector.open().await?;
        let found = schema::inspect(&mut session, &connector.database, tables).await?;
        session.disconnect().await.ok();
        Ok(found.plan(&connector.database))
    }

    /// A session that is alive, and on the primary.
    async fn session(&self) -> Result<(Permit<Conn>, Conn), StoreError> {
        let mut permit = self.sessions.permit().await?;
        // One that does not answer is not followed by the next: a slow server would be asked in vain until the time is up.
        if let Some(mut session) = permit.idle() {
            if permit.is_proven() {
                return Ok((permit, session));
            }
            if answers(&mut session).await {
                permit.prove();
                return Ok((permit, session));
            }
        }
        let session = self.connector.connect().await.map_err(statement::failed)?;
        permit.prove();
        Ok((permit, session))
    }
}

/// Whether the server is still there, and the primary; a broken connection would fail a write that was never begun.
async fn answers(session: &mut Conn) -> bool {
    matches!(tokio::time::timeout(PATIENCE, is_on_primary(session)).await, Ok(Ok(true)))
}

#[async_trait::async_trait]
impl Engine for Mysql {
    fn name(&self) -> String {
        self.connector.database.to_string()
    }

    async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let (permit, mut session) = self.session().await?;
        let rows = statement::query(&mut session, sql, values).await?;
        permit.keep(session);
        Ok(rows)
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let (permit, mut session) = self.session().await?;
        let done = statement::execute(&mut session, sql, values).await;
        if let Ok(_) | Err(StoreError::Taken) = done {
            permit.keep(session);
        }
        done
    }

    async fn begin(&self) -> Result<Box<dyn Session>, StoreError> {
        let (permit, mut session) = self.session().await?;
        session.query_drop("START TRANSACTION").await.map_err(statement::failed)?;
        Ok(Box::new(MysqlSession(Some((permit, session)))))
    }
}

/// A transaction; its session is elsewhere while a statement runs, and returns to the pool when the transaction is over.
struct MysqlSession(Option<(Permit<Conn>, Conn)>);

impl MysqlSession {
    fn take(&mut self) -> Result<(Permit<Conn>, Conn), StoreError> {
        self.0.take().ok_or_else(|| StoreError::unavailable("the transaction is over"))
    }
}

#[async_trait::async_trait]
impl Session for MysqlSession {
    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let (permit, mut session) = self.take()?;
        let rows = statement::query(&mut session, sql, values).await?;
        self.0 = Some((permit, session));
        Ok(rows)
    }

    async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let (permit, mut session) = self.take()?;
        let done = statement::execute(&mut session, sql, values).await;
        if let Ok(_) | Err(StoreError::Taken) = done {
            self.0 = Some((permit, session));
        }
        done
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let (permit, mut session) = self.take()?;
        session.query_drop("COMMIT").await.map_err(statement::failed)?;
        permit.keep(session);
        Ok(())
    }
}

/// The server rolls back in the background; without a runtime, or without a usable session, the lost connection tells
/// it to.
impl Drop for MysqlSession {
    fn drop(&mut self) {
        if let (Some((permit, mut session)), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if let Ok(Ok(())) = tokio::time::timeout(TIMEOUT, session.query_drop("ROLLBACK")).await {
                    permit.keep(session);
                }
            });
        }
    }
}
