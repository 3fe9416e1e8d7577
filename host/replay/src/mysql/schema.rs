//! The table in a MariaDB or MySQL database: found, made or converted under one lock.
//!
//! A change of a table cannot be rolled back here, so the new one is filled beside the old one and takes its name in one
//! step; whatever an interrupted conversion left is made anew. Times are Unix seconds, because `TIMESTAMP` ends in 2038
//! and follows the session's time zone. Ids are `VARBINARY(255)`: compared byte by byte, where even the binary collations
//! ignore blanks at the end, and short enough for every size of index.

use mysql_async::{Conn, Error, prelude::Queryable};

use crate::table::{COMPONENT, COUNT, Found, TENANT, VERSION};
use dropins_database::OpenError;
use dropins_database::connect::mysql::{SCHEMA_LOCK, SCHEMA_UNLOCK, SCHEMA_VERSIONS, meaning};

const COLUMNS: &str = "
    (JWT_ID       VARBINARY(255)  NOT NULL,
     CLIENT_ID    VARBINARY(255)  NOT NULL,
     TENANT_ID    INT             NOT NULL DEFAULT -1234,
     EXP_TIME     BIGINT UNSIGNED NOT NULL,
     TIME_CREATED BIGINT UNSIGNED NOT NULL,
     PRIMARY KEY (CLIENT_ID, JWT_ID, TENANT_ID),
     INDEX IDX_IDN_OIDC_JTI_EXP_TIME (EXP_TIME)) ENGINE = InnoDB";

fn create() -> Vec<String> {
    vec![format!("CREATE TABLE IDN_OIDC_JTI {COLUMNS}")]
}

/// WSO2 Identity Server writes the wall time of UTC in the time zone of its sessions, which is the server's, and reads it
/// back so; a time that the type could not hold is zero.
fn convert(tenants: bool) -> Vec<String> {
    let tenant = if tenants { "TENANT_ID".to_owned() } else { TENANT.to_string() };
    let seconds =
        |time: &str| format!("GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND, '1970-01-01 00:00:00', {time}), 0))");
    // Rounded up: a fraction of a second, where the column has one, lengthens the memory.
    let (expiry, created) = (seconds("EXP_TIME + INTERVAL 999999 MICROSECOND"), seconds("TIME_CREATED"));
    vec![
        "DROP TABLE IF EXISTS IDN_OIDC_JTI_NEW".to_owned(),
        format!("CREATE TABLE IDN_OIDC_JTI_NEW {COLUMNS}"),
        format!(
            "INSERT INTO IDN_OIDC_JTI_NEW (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED)
             SELECT '', CAST(CONVERT(JWT_ID USING utf8mb4) AS BINARY), {tenant}, {expiry}, {created} FROM IDN_OIDC_JTI"
        ),
        "RENAME TABLE IDN_OIDC_JTI TO IDN_OIDC_JTI_WSO2, IDN_OIDC_JTI_NEW TO IDN_OIDC_JTI".to_owned(),
        "DROP TABLE IDN_OIDC_JTI_WSO2".to_owned(),
    ]
}

/// What the database holds.
pub(super) async fn inspect(session: &mut Conn, database: &str) -> Result<Found, OpenError> {
    let fail = |error| meaning(database, &error);
    let (version, columns) = look(session).await.map_err(fail)?;
    let found = Found::judge(database, version, columns)?;
    if !found.is_wso2() {
        return Ok(found);
    }
    let rows: Option<u64> = session.query_first(COUNT).await.map_err(fail)?;
    Ok(found.holding(rows.unwrap_or_default()))
}

async fn look(session: &mut Conn) -> Result<(Option<u32>, Vec<String>), Error> {
    let columns = |table: &str| {
        format!(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'"
        )
    };
    let mut version = None;
    if !session.query::<String, _>(columns("DROPINS_SCHEMA")).await?.is_empty() {
        let read = format!("SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = '{COMPONENT}'");
        version = session.query_first(read).await?;
    }
    Ok((version, session.query(columns("IDN_OIDC_JTI")).await?))
}

/// Makes or converts the table, and tells the last expiry of a row that names no client.
pub(super) async fn migrate(session: &mut Conn, database: &str) -> Result<Option<u64>, OpenError> {
    let fail = |error| meaning(database, &error);
    if session.query_first::<Option<u8>, _>(SCHEMA_LOCK).await.map_err(fail)?.flatten() != Some(1) {
        let detail = "another node has been converting the table for five minutes".to_owned();
        return Err(OpenError::Unreachable { database: database.to_owned(), detail });
    }
    let found = inspect(session, database).await?;
    for change in found.plan(database) {
        tracing::info!("{change}");
    }
    let mut statements = match found {
        Found::Nothing => create(),
        Found::Wso2 { tenants, .. } => convert(tenants),
        Found::Unversioned | Found::Current => Vec::new(),
    };
    if found != Found::Current {
        statements.push(SCHEMA_VERSIONS.to_owned());
        statements.push(format!(
            "INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES ('{COMPONENT}', {VERSION})
             ON DUPLICATE KEY UPDATE VERSION = VALUES(VERSION)"
        ));
    }
    for statement in statements {
        session.query_drop(statement).await.map_err(fail)?;
    }
    let inherited =
        session.query_first::<Option<u64>, _>("SELECT MAX(EXP_TIME) FROM IDN_OIDC_JTI WHERE CLIENT_ID = ''");
    let inherited = inherited.await.map_err(fail)?.flatten();
    session.query_drop(SCHEMA_UNLOCK).await.map_err(fail)?;
    Ok(inherited)
}
