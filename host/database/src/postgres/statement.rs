//! One statement in one session, in one round trip: it is sent with the types of its values, and not prepared.

use std::sync::Arc;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

use super::connection::{Connector, describe, is_conflict};
use super::text::{original, stored};
use crate::error::StoreError;
use crate::server::Statements;
use crate::value::{Row, Value};

impl Statements for Connector {
    async fn query(client: &mut Client, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let values: Vec<_> = values.iter().map(sent).collect();
        let rows = client.query_typed(&numbered(sql), &typed(&values)).await.map_err(failed)?;
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let names: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
        let read = |row: &tokio_postgres::Row| {
            let values = (0..names.len()).map(|place| read(row, place)).collect::<Result<_, _>>()?;
            Ok(Row::new(Arc::clone(&names), values))
        };
        rows.iter().map(read).collect()
    }

    async fn execute(client: &mut Client, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let values: Vec<_> = values.iter().map(sent).collect();
        client.execute_typed(&numbered(sql), &typed(&values)).await.map_err(failed)
    }

    async fn command(client: &mut Client, sql: &str) -> Result<(), StoreError> {
        client.batch_execute(sql).await.map_err(failed)
    }
}

type Sent = (Box<dyn ToSql + Sync + Send>, Type);

/// `NULL` takes the type that the statement wants there.
fn sent(value: &Value) -> Sent {
    match value {
        Value::Null => (Box::new(None::<String>), Type::UNKNOWN),
        Value::Text(text) => (Box::new(stored(text).into_owned()), Type::TEXT),
        Value::Integer(number) => (Box::new(*number), Type::INT8),
    }
}

fn typed(values: &[Sent]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    values.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone())).collect()
}

fn read(row: &tokio_postgres::Row, place: usize) -> Result<Value, StoreError> {
    let kind = row.columns().get(place).map(|column| column.type_().clone());
    let value = match kind {
        Some(Type::INT8) => row.try_get::<_, Option<i64>>(place).map(Value::from),
        Some(Type::INT4) => row.try_get::<_, Option<i32>>(place).map(|number| number.map(i64::from).into()),
        Some(_) => row.try_get::<_, Option<&str>>(place).map(|text| text.map(original).into()),
        None => Ok(Value::Null),
    };
    value.map_err(StoreError::corrupt)
}

/// The statement with PostgreSQL's numbered placeholders.
fn numbered(sql: &str) -> String {
    let (mut numbered, mut quoted, mut number) = (String::with_capacity(sql.len() + 16), false, 0);
    for character in sql.chars() {
        match character {
            '?' if !quoted => {
                number += 1;
                numbered.push_str(&format!("${number}"));
                continue;
            }
            '\'' => quoted = !quoted,
            _ => {}
        }
        numbered.push(character);
    }
    numbered
}

fn failed(error: Error) -> StoreError {
    match error.code() {
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => StoreError::Duplicate,
        _ if is_conflict(&error) => StoreError::Conflict,
        _ => StoreError::unavailable(describe(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_outside_of_literals() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("A = ? AND B = ?", "A = $1 AND B = $2"),
            ("A = '?' AND B = ?", "A = '?' AND B = $1"),
            ("A = 'it''s ?' AND B = ?", "A = 'it''s ?' AND B = $1"),
        ] {
            assert_eq!(numbered(sql), expected);
        }
    }
}
