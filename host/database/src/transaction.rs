//! A transaction: everything in it is committed together, or nothing is.
//!
//! After a statement that failed the transaction can only be rolled back, on every engine: PostgreSQL allows nothing else,
//! and code for one engine must hold on all of them.

use futures_util::future::BoxFuture;

use crate::engine::Session;
use crate::error::StoreError;
use crate::timeouts::within;
use crate::value::{Row, Value};

/// An open transaction; dropped without [`Transaction::commit`], it is rolled back.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Transaction {
    session: Box<dyn Session>,
    failed: bool,
}

impl Transaction {
    pub(crate) fn new(session: Box<dyn Session>) -> Self {
        Self { session, failed: false }
    }

    /// The rows that a `SELECT` finds, own writes included.
    ///
    /// # Errors
    /// [`StoreError`]; then the transaction can only be dropped.
    pub fn query(&mut self, sql: &'static str, values: Vec<Value>) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            self.usable()?;
            self.failed = true;
            let rows = within(self.session.query(sql, values)).await?;
            self.failed = false;
            Ok(rows)
        })
    }

    /// Writes; counts the rows that it found, changed or not. Rows that it found stay locked until the end.
    ///
    /// # Errors
    /// [`StoreError`]; then the transaction can only be dropped.
    pub fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            self.usable()?;
            self.failed = true;
            let rows = within(self.session.execute(sql, values)).await?;
            self.failed = false;
            Ok(rows)
        })
    }

    /// Commits.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was written unless it is [`StoreError::Unavailable`], which leaves that open.
    pub fn commit(self) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            self.usable()?;
            within(self.session.commit()).await
        })
    }

    fn usable(&self) -> Result<(), StoreError> {
        match self.failed {
            false => Ok(()),
            true => Err(StoreError::unavailable("an earlier statement of the transaction failed")),
        }
    }
}
