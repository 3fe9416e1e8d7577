//! The tables in an SQLite file, brought up to date in one exclusive transaction: of two processes that start together
//! one does it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::connection;
use crate::dialect::Dialect;
use crate::open_error::OpenError;
use crate::schema::{Schema, Version};
use crate::timeouts::BUSY_TIMEOUT;

/// Text compares byte by byte (`BINARY`), which is SQLite's default.
const DIALECT: Dialect = Dialect { key: "TEXT", text: "TEXT", integer: "INTEGER", options: "STRICT" };

const NOTE: &str = "
    INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES (?1, ?2)
    ON CONFLICT DO UPDATE SET VERSION = excluded.VERSION";

fn inspect(connection: &Connection, path: &Path, schema: &'static Schema) -> Result<Version, OpenError> {
    let noted = || -> rusqlite::Result<u32> {
        if !connection.table_exists(None, "DROPINS_SCHEMA")? {
            return Ok(0);
        }
        let read = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = ?1";
        Ok(connection.query_row(read, [schema.component], |row| row.get(0)).optional()?.unwrap_or(0))
    };
    let found = noted().map_err(|error| connection::from_sqlite(path, BUSY_TIMEOUT, error))?;
    schema.version(&path.display().to_string(), found)
}

/// Brings the tables up to date.
pub(super) fn migrate(path: &Path, connection: &mut Connection, schema: &'static Schema) -> Result<(), OpenError> {
    let fail = |error| connection::from_sqlite(path, BUSY_TIMEOUT, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive).map_err(fail)?;
    let found = inspect(&transaction, path, schema)?;
    let changes = found.plan(&path.display().to_string());
    if changes.is_empty() {
        return Ok(());
    }
    for change in changes {
        tracing::info!("{change}");
    }
    let apply = || {
        transaction.execute_batch(connection::SCHEMA_VERSIONS)?;
        for (_, migration) in found.missing() {
            DIALECT.statements(migration).iter().try_for_each(|statement| transaction.execute_batch(statement))?;
        }
        transaction.execute(NOTE, (schema.component, schema.newest()))
    };
    apply().map_err(fail)?;
    transaction.commit().map_err(fail)
}

/// What opening the file would change.
pub(super) fn plan(path: &Path, schema: &'static Schema) -> Result<Vec<String>, OpenError> {
    let database = path.display().to_string();
    if !path.exists() {
        connection::check_folder(path)?;
        return Ok(schema.version(&database, 0)?.plan(&database));
    }
    let connection =
        connection::reading(path, BUSY_TIMEOUT).map_err(|error| connection::from_sqlite(path, BUSY_TIMEOUT, error))?;
    Ok(inspect(&connection, path, schema)?.plan(&database))
}
