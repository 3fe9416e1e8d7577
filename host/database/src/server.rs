//! The engine of a database server: a few sessions, begun when they are needed.
//!
//! A transaction reads what is committed. A session that was dropped during a statement is never used again; the server
//! rolls back when its connection ends.

use crate::engine::{Engine, Session};
use crate::error::StoreError;
use crate::sessions::{Connect, Lease, Sessions};
use crate::timeouts::{PATIENCE, TIMEOUT};
use crate::value::{Row, Value};

/// Sessions of one node.
const SESSIONS: usize = 10;

/// Statements in a session of one engine.
pub(crate) trait Statements: Connect + 'static {
    /// Reads.
    fn query(
        session: &mut Self::Session,
        sql: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Writes, and counts the rows that were found.
    fn execute(
        session: &mut Self::Session,
        sql: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// `BEGIN`, `COMMIT` or `ROLLBACK`.
    fn command(session: &mut Self::Session, sql: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The engine.
pub(crate) struct Server<C: Connect>(Sessions<C>);

impl<C: Connect> Server<C> {
    pub(crate) fn new(connector: C) -> Self {
        Self(Sessions::new(connector, SESSIONS, PATIENCE))
    }
}

/// Whether the session can be used again: an error that is not about a row may mean that the server is read-only now.
fn is_sound<T>(done: &Result<T, StoreError>) -> bool {
    !matches!(done, Err(StoreError::Unavailable { .. }))
}

#[async_trait::async_trait]
impl<C: Statements> Engine for Server<C> {
    async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let mut session = self.0.lease().await?;
        let rows = C::query(&mut session, sql, values).await;
        if is_sound(&rows) {
            session.return_to_pool();
        }
        rows
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut session = self.0.lease().await?;
        let rows = C::execute(&mut session, sql, values).await;
        if is_sound(&rows) {
            session.return_to_pool();
        }
        rows
    }

    async fn begin(&self) -> Result<Box<dyn Session>, StoreError> {
        let mut session = self.0.lease().await?;
        C::command(&mut session, "BEGIN").await?;
        Ok(Box::new(Begun::<C>(Some(session))))
    }
}

/// A transaction. Its session is taken out while a statement runs, and returns to the pool after the commit.
struct Begun<C: Statements>(Option<Lease<C::Session>>);

impl<C: Statements> Begun<C> {
    fn take(&mut self) -> Result<Lease<C::Session>, StoreError> {
        self.0.take().ok_or_else(|| StoreError::unavailable("the transaction has ended"))
    }
}

#[async_trait::async_trait]
impl<C: Statements> Session for Begun<C> {
    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let mut session = self.take()?;
        let rows = C::query(&mut session, sql, values).await;
        self.0 = is_sound(&rows).then_some(session);
        rows
    }

    async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut session = self.take()?;
        let rows = C::execute(&mut session, sql, values).await;
        self.0 = is_sound(&rows).then_some(session);
        rows
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let mut session = self.take()?;
        C::command(&mut session, "COMMIT").await?;
        session.return_to_pool();
        Ok(())
    }
}

/// Rolls back in the background; without a runtime, the lost connection makes the server do so.
impl<C: Statements> Drop for Begun<C> {
    fn drop(&mut self) {
        if let (Some(mut session), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let rolled_back = tokio::time::timeout(TIMEOUT, C::command(&mut session, "ROLLBACK")).await;
                if let Ok(Ok(())) = rolled_back {
                    session.return_to_pool();
                }
            });
        }
    }
}
