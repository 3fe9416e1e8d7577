//! The tables in a PostgreSQL database, brought up to date in one transaction under the lock that the replay store uses
//! too: of nodes that start together one does it, and the others wait.

use super::connection::{SCHEMA_LOCK, SCHEMA_VERSIONS, meaning};
use crate::open_error::OpenError;
use tokio_postgres::{Client, Error, GenericClient};

use crate::dialect::Dialect;
use crate::schema::{Schema, Version};

const DIALECT: Dialect = Dialect { key: "TEXT COLLATE \"C\"", text: "TEXT", integer: "BIGINT", options: "" };

const NOTE: &str = "
    INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES ($1, $2)
    ON CONFLICT (COMPONENT) DO UPDATE SET VERSION = excluded.VERSION";

/// What the database holds.
pub(super) async fn inspect(
    client: &impl GenericClient,
    database: &str,
    schema: &'static Schema,
) -> Result<Version, OpenError> {
    let noted = noted(client, schema.component).await.map_err(|error| meaning(database, &error))?;
    schema.version(database, noted)
}

async fn noted(client: &impl GenericClient, component: &str) -> Result<u32, Error> {
    let versioned = client.query_one("SELECT to_regclass('DROPINS_SCHEMA') IS NOT NULL", &[]).await?;
    if !versioned.try_get(0)? {
        return Ok(0);
    }
    let read = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = $1";
    let row = client.query_opt(read, &[&component]).await?;
    let version: i32 = row.map_or(Ok(0), |row| row.try_get(0))?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// Brings the tables up to date.
pub(super) async fn migrate(client: &mut Client, database: &str, schema: &'static Schema) -> Result<(), OpenError> {
    let fail = |error| meaning(database, &error);
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.batch_execute(SCHEMA_LOCK).await.map_err(fail)?;
    let found = inspect(&transaction, database, schema).await?;
    let changes = found.plan(database);
    if changes.is_empty() {
        return Ok(());
    }
    for change in changes {
        tracing::info!("{change}");
    }
    let migrations = found.missing().flat_map(|(_, migration)| DIALECT.statements(migration));
    for statement in [SCHEMA_VERSIONS.to_owned()].into_iter().chain(migrations) {
        transaction.batch_execute(&statement).await.map_err(fail)?;
    }
    let known = i32::try_from(schema.newest()).unwrap_or(i32::MAX);
    transaction.execute(NOTE, &[&schema.component, &known]).await.map_err(fail)?;
    transaction.commit().await.map_err(fail)
}
