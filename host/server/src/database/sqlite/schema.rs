//! The tables in an SQLite file, brought up to date in one exclusive transaction: two processes that start together
//! do it once.

use std::path::Path;

use dropins_replay::OpenError;
use dropins_replay::connect::sqlite as connection;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::BUSY_TIMEOUT;
use crate::database::dialect::Dialect;
use crate::database::schema::{COMPONENT, Version};

/// Text compares byte by byte (`BINARY`), which is SQLite's default.
const DIALECT: Dialect = Dialect { key: "TEXT", text: "TEXT", integer: "INTEGER", options: "STRICT" };

const NOTE: &str = "
    INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES (?1, ?2)
    ON CONFLICT DO UPDATE SET VERSION = excluded.VERSION";

/// A file whose tables of clients have triggers that keep their log of changes: what is now version 1, but for those.
/// The program that made it finds a version that it does not know.
const TRIGGERED: &str = "clients";
const ADOPT: &str = "
    DROP TRIGGER DROPINS_CLIENT_CHANGE_BOUND;
    DROP TRIGGER DROPINS_CLIENT_ADDED;
    DROP TRIGGER DROPINS_CLIENT_UPDATED;
    DROP TRIGGER DROPINS_CLIENT_REMOVED;
    CREATE TABLE DROPINS_CLIENT_VERSION (ONLY_ROW INTEGER NOT NULL PRIMARY KEY, LATEST INTEGER NOT NULL) STRICT;
    INSERT INTO DROPINS_CLIENT_VERSION SELECT 1, coalesce(max(VERSION), 0) FROM DROPINS_CLIENT_CHANGE;
    UPDATE DROPINS_SCHEMA SET VERSION = 2 WHERE COMPONENT = 'clients';";

/// What the file holds.
struct Found {
    version: Version,
    triggered: bool,
}

fn inspect(connection: &Connection, path: &Path) -> Result<Found, OpenError> {
    let fail = |error| connection::from_sqlite(path, BUSY_TIMEOUT, error);
    let noted = |component: &str| -> rusqlite::Result<u32> {
        if !connection.table_exists(None, "DROPINS_SCHEMA")? {
            return Ok(0);
        }
        let read = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = ?1";
        Ok(connection.query_row(read, [component], |row| row.get(0)).optional()?.unwrap_or(0))
    };
    let found = noted(COMPONENT).map_err(fail)?;
    let triggered = found == 0 && noted(TRIGGERED).map_err(fail)? == 1;
    let version = Version::noted(&path.display().to_string(), if triggered { 1 } else { found })?;
    Ok(Found { version, triggered })
}

/// Brings the tables up to date.
pub(super) fn migrate(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let fail = |error| connection::from_sqlite(path, BUSY_TIMEOUT, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive).map_err(fail)?;
    let found = inspect(&transaction, path)?;
    let changes = found.plan(path);
    if changes.is_empty() {
        return Ok(());
    }
    for change in changes {
        tracing::info!("{change}");
    }
    let apply = || {
        transaction.execute_batch(connection::SCHEMA_VERSIONS)?;
        if found.triggered {
            transaction.execute_batch(ADOPT)?;
        }
        for (_, migration) in found.version.missing() {
            DIALECT.statements(migration).iter().try_for_each(|statement| transaction.execute_batch(statement))?;
        }
        transaction.execute(NOTE, (COMPONENT, Version::KNOWN.number()))
    };
    apply().map_err(fail)?;
    transaction.commit().map_err(fail)
}

/// What opening the file would change.
pub(super) fn plan(path: &Path) -> Result<Vec<String>, OpenError> {
    if !path.exists() {
        connection::check_folder(path)?;
        return Ok(Version::noted("", 0)?.plan(&path.display().to_string()));
    }
    let connection =
        connection::reading(path, BUSY_TIMEOUT).map_err(|error| connection::from_sqlite(path, BUSY_TIMEOUT, error))?;
    Ok(inspect(&connection, path)?.plan(path))
}

impl Found {
    fn plan(&self, path: &Path) -> Vec<String> {
        let database = path.display().to_string();
        let adopted = format!("take over the clients' tables of an earlier release in {database}");
        self.triggered.then_some(adopted).into_iter().chain(self.version.plan(&database)).collect()
    }
}
