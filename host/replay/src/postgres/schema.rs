//! The table in a PostgreSQL database: found, made or converted in one transaction under one advisory lock.
//!
//! Times are Unix seconds, so that comparing them needs no time zone; text compares byte by byte. `JWT_ID` and
//! `CLIENT_ID` have no length limit here, because entries are checked in bytes, and the column would count characters.

use tokio_postgres::{Client, GenericClient};

use crate::{
    entry::unsigned,
    table::{COMPONENT, COUNT, Found, TENANT, VERSION},
};
use dropins_database::OpenError;
use dropins_database::connect::postgres::{SCHEMA_LOCK, SCHEMA_VERSIONS, meaning};

const CREATE: &str = "
    CREATE TABLE IDN_OIDC_JTI (
        JWT_ID       TEXT COLLATE \"C\" NOT NULL,
        CLIENT_ID    TEXT COLLATE \"C\" NOT NULL,
        TENANT_ID    INTEGER NOT NULL DEFAULT -1234,
        EXP_TIME     BIGINT  NOT NULL,
        TIME_CREATED BIGINT  NOT NULL,
        PRIMARY KEY (CLIENT_ID, JWT_ID, TENANT_ID)
    );
    CREATE INDEX IDX_IDN_OIDC_JTI_EXP_TIME ON IDN_OIDC_JTI (EXP_TIME);";

/// WSO2 Identity Server writes UTC into columns without a time zone.
fn convert(tenants: bool) -> String {
    let tenant = if tenants { "TENANT_ID".to_owned() } else { TENANT.to_string() };
    format!(
        "ALTER TABLE IDN_OIDC_JTI RENAME TO IDN_OIDC_JTI_WSO2;
         {CREATE}
         INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED)
         SELECT '', JWT_ID, {tenant}, ceil(extract(epoch FROM EXP_TIME)), floor(extract(epoch FROM TIME_CREATED))
         FROM IDN_OIDC_JTI_WSO2;
         DROP TABLE IDN_OIDC_JTI_WSO2"
    )
}

const COLUMNS: &str = "
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = to_regclass('IDN_OIDC_JTI') AND attnum > 0 AND NOT attisdropped";

/// What the database holds.
pub(super) async fn inspect(client: &impl GenericClient, database: &str) -> Result<Found, OpenError> {
    let fail = |error| meaning(database, &error);
    let columns = client.query(COLUMNS, &[]).await.map_err(fail)?;
    let columns = columns.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(fail)?;
    let versioned = client.query_one("SELECT to_regclass('DROPINS_SCHEMA') IS NOT NULL", &[]).await.map_err(fail)?;
    let mut version = None;
    if versioned.try_get(0).map_err(fail)? {
        let read = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = $1";
        let row = client.query_opt(read, &[&COMPONENT]).await.map_err(fail)?;
        version = row.map(|row| row.try_get::<_, i32>(0)).transpose().map_err(fail)?;
    }
    let found = Found::judge(database, version.map(|version| u32::try_from(version).unwrap_or(0)), columns)?;
    if !found.is_wso2() {
        return Ok(found);
    }
    let rows = client.query_one(COUNT, &[]).await.map_err(fail)?;
    Ok(found.holding(rows.try_get(0).map(unsigned).map_err(fail)?))
}

/// Makes or converts the table, and tells the last expiry of a row that names no client.
pub(super) async fn migrate(client: &mut Client, database: &str) -> Result<Option<u64>, OpenError> {
    let fail = |error| meaning(database, &error);
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.batch_execute(SCHEMA_LOCK).await.map_err(fail)?;
    let found = inspect(&transaction, database).await?;
    for change in found.plan(database) {
        tracing::info!("{change}");
    }
    match found {
        Found::Nothing => transaction.batch_execute(CREATE).await.map_err(fail)?,
        Found::Wso2 { tenants, .. } => transaction.batch_execute(&convert(tenants)).await.map_err(fail)?,
        Found::Unversioned | Found::Current => {}
    }
    if found != Found::Current {
        transaction.batch_execute(SCHEMA_VERSIONS).await.map_err(fail)?;
        let note = "INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES ($1, $2)
                    ON CONFLICT (COMPONENT) DO UPDATE SET VERSION = excluded.VERSION";
        let version = i32::try_from(VERSION).unwrap_or(i32::MAX);
        transaction.execute(note, &[&COMPONENT, &version]).await.map_err(fail)?;
    }
    let inherited = "SELECT max(EXP_TIME) FROM IDN_OIDC_JTI WHERE CLIENT_ID = ''";
    let inherited: Option<i64> =
        transaction.query_one(inherited, &[]).await.and_then(|row| row.try_get(0)).map_err(fail)?;
    transaction.commit().await.map_err(fail)?;
    Ok(inherited.map(unsigned))
}
