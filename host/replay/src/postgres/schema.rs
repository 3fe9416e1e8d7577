//! How the table is made or converted in a PostgreSQL database.
//!
//! Times are Unix seconds, so that comparing them needs no time zone; text compares byte by byte. `JWT_ID` and
//! `CLIENT_ID` have no length limit, because entries are checked in bytes and
//! the column would count characters.

use crate::table::{JtiTable, TENANT};

pub(super) const TABLE: JtiTable = JtiTable { create, convert };

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

fn create() -> Vec<String> {
    vec![CREATE.to_owned()]
}

/// WSO2 Identity Server writes UTC into columns without a time zone.
fn convert(tenants: bool) -> Vec<String> {
    let tenant = if tenants { "TENANT_ID".to_owned() } else { TENANT.to_string() };
    vec![format!(
        "ALTER TABLE IDN_OIDC_JTI RENAME TO IDN_OIDC_JTI_WSO2;
         {CREATE}
         INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED)
         SELECT '', JWT_ID, {tenant}, ceil(extract(epoch FROM EXP_TIME)), floor(extract(epoch FROM TIME_CREATED))
         FROM IDN_OIDC_JTI_WSO2;
         DROP TABLE IDN_OIDC_JTI_WSO2"
    )]
}
