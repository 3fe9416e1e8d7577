//! The tables in a MariaDB or MySQL database, brought up to date under the lock that the replay store uses too: of nodes
//! that start together one does it, and the others wait.
//!
//! Changes of tables cannot be rolled back here. An interrupted migration is begun again, and what it finds done is done.

use super::connection::{SCHEMA_LOCK, SCHEMA_UNLOCK, SCHEMA_VERSIONS, meaning};
use crate::open_error::OpenError;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use crate::dialect::Dialect;
use crate::schema::{Schema, Version};

/// Keys are `VARBINARY`, because even the binary collations ignore blanks at the end.
const DIALECT: Dialect = Dialect {
    key: "VARBINARY(255)",
    text: "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    integer: "BIGINT",
    options: "ENGINE = InnoDB",
};

/// What the database holds.
pub(super) async fn inspect(session: &mut Conn, database: &str, schema: &'static Schema) -> Result<Version, OpenError> {
    let noted = noted(session, schema.component).await.map_err(|error| meaning(database, &error))?;
    schema.version(database, noted)
}

async fn noted(session: &mut Conn, component: &str) -> Result<u32, Error> {
    let tables = "SELECT COUNT(*) FROM information_schema.TABLES
                  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'DROPINS_SCHEMA'";
    if session.query_first::<u64, _>(tables).await?.unwrap_or(0) == 0 {
        return Ok(0);
    }
    let read = format!("SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = '{component}'");
    Ok(session.query_first(read).await?.unwrap_or(0))
}

/// Brings the tables up to date.
pub(super) async fn migrate(session: &mut Conn, database: &str, schema: &'static Schema) -> Result<(), OpenError> {
    let fail = |error| meaning(database, &error);
    if session.query_first::<Option<u8>, _>(SCHEMA_LOCK).await.map_err(fail)?.flatten() != Some(1) {
        let detail = "another node has been migrating the tables for five minutes".to_owned();
        return Err(OpenError::Unreachable { database: database.to_owned(), detail });
    }
    let found = inspect(session, database, schema).await?;
    for change in found.plan(database) {
        tracing::info!("{change}");
    }
    for (version, migration) in found.missing() {
        apply(session, schema.component, version, migration).await.map_err(fail)?;
    }
    session.query_drop(SCHEMA_UNLOCK).await.map_err(fail)
}

async fn apply(session: &mut Conn, component: &str, version: u32, migration: &str) -> Result<(), Error> {
    session.query_drop(SCHEMA_VERSIONS).await?;
    for statement in DIALECT.statements(migration) {
        match session.query_drop(statement).await {
            Err(error) if is_done(&error) => {}
            done => done?,
        }
    }
    session
        .query_drop(format!(
            "INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES ('{component}', {version})
             ON DUPLICATE KEY UPDATE VERSION = VALUES(VERSION)"
        ))
        .await
}

/// The table (1050), the column (1060), the index (1061) or the row (1062) is there already.
fn is_done(error: &Error) -> bool {
    matches!(error, Error::Server(server) if [1050, 1060, 1061, 1062].contains(&server.code))
}
