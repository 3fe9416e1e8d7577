//! One statement in one session, prepared once for each session.

use std::sync::Arc;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::connection::{Connector, describe, is_conflict, is_duplicate};
use crate::error::StoreError;
use crate::server::Statements;
use crate::value::{Row, Value};

impl Statements for Connector {
    async fn query(session: &mut Conn, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let rows: Vec<mysql_async::Row> = session.exec(sql, sent(values)).await.map_err(failed)?;
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let names: Arc<[String]> = first.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
        let read = |row: mysql_async::Row| {
            let values = row.unwrap_raw().into_iter().map(read).collect::<Result<_, _>>()?;
            Ok(Row::new(Arc::clone(&names), values))
        };
        rows.into_iter().map(read).collect()
    }

    async fn execute(session: &mut Conn, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        session.exec_drop(sql, sent(values)).await.map_err(failed)?;
        Ok(session.affected_rows())
    }

    async fn command(session: &mut Conn, sql: &str) -> Result<(), StoreError> {
        session.query_drop(sql).await.map_err(failed)
    }
}

fn sent(values: Vec<Value>) -> mysql_async::Params {
    let sent = |value| match value {
        Value::Null => mysql_async::Value::NULL,
        Value::Text(text) => mysql_async::Value::Bytes(text.into_bytes()),
        Value::Integer(number) => mysql_async::Value::Int(number),
    };
    match values.is_empty() {
        true => mysql_async::Params::Empty,
        false => mysql_async::Params::Positional(values.into_iter().map(sent).collect()),
    }
}

fn read(value: Option<mysql_async::Value>) -> Result<Value, StoreError> {
    match value {
        None | Some(mysql_async::Value::NULL) => Ok(Value::Null),
        Some(mysql_async::Value::Int(number)) => Ok(Value::Integer(number)),
        Some(mysql_async::Value::UInt(number)) => {
            i64::try_from(number).map(Value::Integer).map_err(|_| StoreError::corrupt("a number is too large"))
        }
        Some(mysql_async::Value::Bytes(bytes)) => {
            String::from_utf8(bytes).map(Value::Text).map_err(|_| StoreError::corrupt("text that is not UTF-8"))
        }
        Some(_) => Err(StoreError::corrupt("a value that is neither text nor a number")),
    }
}

fn failed(error: Error) -> StoreError {
    match error {
        error if is_duplicate(&error) => StoreError::Duplicate,
        error if is_conflict(&error) => StoreError::Conflict,
        error => StoreError::unavailable(describe(&error)),
    }
}
