//! The engine MariaDB or MySQL: a few sessions, begun when they are needed.
//!
//! A transaction reads what is committed. A session that was dropped in the middle of a statement is never used again.

use super::connection::Connector;
use super::statement;
use super::tables::MysqlTables;
use crate::migrations;
use crate::open_error::OpenError;
use crate::server_url::ServerUrl;
use crate::sessions::{Lease, Sessions};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use crate::engine::{Engine, Session};
use crate::error::StoreError;
use crate::schema::Schema;
use crate::timeouts::{PATIENCE, TIMEOUT};
use crate::value::{Row, Value};

/// Prepared statements of one session: more than this program has.
const STATEMENTS: usize = 128;

/// Sessions on the server, of one node.
const SESSIONS: usize = 10;

/// The engine.
pub(crate) struct Mysql {
    sessions: Sessions<Connector>,
}

impl Mysql {
    pub(crate) async fn open(url: &ServerUrl, schema: &Schema) -> Result<Self, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?.prepared(STATEMENTS);
        let mut session = connector.open().await?;
        migrations::migrate(&mut MysqlTables::new(&mut session, &connector.database), schema).await?;
        session.disconnect().await.ok();
        Ok(Self { sessions: Sessions::new(connector, SESSIONS, PATIENCE) })
    }

    /// What [`Mysql::open`] would change.
    pub(crate) async fn plan(url: &ServerUrl, schema: &Schema) -> Result<Vec<String>, OpenError> {
        let connector = Connector::new(url, TIMEOUT)?;
        let mut session = connector.open().await?;
        let plan = migrations::plan(&mut MysqlTables::new(&mut session, &connector.database), schema).await?;
        session.disconnect().await.ok();
        Ok(plan)
    }
}

#[async_trait::async_trait]
impl Engine for Mysql {
    fn name(&self) -> String {
        self.sessions.connector().database.to_string()
    }

    async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let mut session = self.sessions.lease().await?;
        let rows = statement::query(&mut session, sql, values).await?;
        session.return_to_pool();
        Ok(rows)
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut session = self.sessions.lease().await?;
        let done = statement::execute(&mut session, sql, values).await;
        if let Ok(_) | Err(StoreError::Duplicate) = done {
            session.return_to_pool();
        }
        done
    }

    async fn begin(&self) -> Result<Box<dyn Session>, StoreError> {
        let mut session = self.sessions.lease().await?;
        session.query_drop("START TRANSACTION").await.map_err(statement::failed)?;
        Ok(Box::new(MysqlSession(Some(session))))
    }
}

/// A transaction; its session is taken out while a statement runs, and returns to the pool after the commit.
struct MysqlSession(Option<Lease<Conn>>);

impl MysqlSession {
    fn take(&mut self) -> Result<Lease<Conn>, StoreError> {
        self.0.take().ok_or_else(|| StoreError::unavailable("the transaction has ended"))
    }
}

#[async_trait::async_trait]
impl Session for MysqlSession {
    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let mut session = self.take()?;
        let rows = statement::query(&mut session, sql, values).await?;
        self.0 = Some(session);
        Ok(rows)
    }

    async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut session = self.take()?;
        let done = statement::execute(&mut session, sql, values).await;
        if let Ok(_) | Err(StoreError::Duplicate) = done {
            self.0 = Some(session);
        }
        done
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let mut session = self.take()?;
        session.query_drop("COMMIT").await.map_err(statement::failed)?;
        session.return_to_pool();
        Ok(())
    }
}

/// The server rolls back in the background; without a runtime, or without a usable session, the lost connection tells
/// it to.
impl Drop for MysqlSession {
    fn drop(&mut self) {
        if let (Some(mut session), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if let Ok(Ok(())) = tokio::time::timeout(TIMEOUT, session.query_drop("ROLLBACK")).await {
                    session.return_to_pool();
                }
            });
        }
    }
}
