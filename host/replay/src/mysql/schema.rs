//! How the table is made or converted in a MariaDB or MySQL database.
//!
//! A change of a table cannot be rolled back here, so the new one is filled beside the old one and takes its name in one
//! step; what an interrupted conversion left is dropped and made again. Times are Unix seconds, because `TIMESTAMP` ends in 2038
//! and follows the session's time zone. Ids are `VARBINARY(255)`: compared byte by byte, where even the binary collations
//! ignore blanks at the end, and short enough for every size of index.

use crate::table::{JtiTable, TENANT};

pub(super) const TABLE: JtiTable = JtiTable { create, convert };

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
