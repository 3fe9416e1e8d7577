//! What every engine does: reads, writes and transactions, without time-outs of its own.
//!
//! A future that is dropped leaves no lock and no connection in the middle of something; a write may have been committed.

use crate::error::StoreError;
use crate::value::{Row, Value};

/// A database engine.
#[async_trait::async_trait]
pub(crate) trait Engine: Send + Sync {
    /// One read of what is committed.
    async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError>;

    /// One write, committed.
    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError>;

    /// A transaction that may write.
    async fn begin(&self) -> Result<Box<dyn Session>, StoreError>;
}

/// An open transaction; dropped, it is rolled back.
#[async_trait::async_trait]
pub(crate) trait Session: Send {
    /// Reads, own writes included.
    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError>;

    /// Writes, and counts the rows that were found.
    async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError>;

    /// Makes all of it durable.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
