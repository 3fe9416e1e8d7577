//! How the table is made or converted in an SQLite file that other components may share.
//!
//! Times are Unix seconds. Text compares byte by byte (`BINARY`), which is SQLite's default.

use crate::table::{JtiTable, TENANT};

pub(super) const TABLE: JtiTable = JtiTable { create, convert };

const CREATE: &str = "
    CREATE TABLE IDN_OIDC_JTI (
        JWT_ID       TEXT    NOT NULL,
        CLIENT_ID    TEXT    NOT NULL,
        TENANT_ID    INTEGER NOT NULL DEFAULT -1234,
        EXP_TIME     INTEGER NOT NULL,
        TIME_CREATED INTEGER NOT NULL,
        PRIMARY KEY (CLIENT_ID, JWT_ID, TENANT_ID)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IDX_IDN_OIDC_JTI_EXP_TIME ON IDN_OIDC_JTI (EXP_TIME);";

fn create() -> Vec<String> {
    vec![CREATE.to_owned()]
}

/// WSO2 has no script for SQLite, so a time may be text in UTC or a number, of seconds or of milliseconds as JDBC writes
/// them: 10^11 seconds are the year 5138. An expiry is rounded up.
fn convert(tenants: bool) -> Vec<String> {
    let tenant = if tenants { "TENANT_ID".to_owned() } else { TENANT.to_string() };
    let seconds = |column: &str, up: u16| {
        format!(
            "CASE typeof({column}) WHEN 'integer' THEN iif({column} > 100000000000, ({column} + {up}) / 1000, {column})
             ELSE unixepoch({column}) + ({up} > 0 AND {column} LIKE '%.%') END"
        )
    };
    let (expiry, created) = (seconds("EXP_TIME", 999), seconds("TIME_CREATED", 0));
    vec![format!(
        "ALTER TABLE IDN_OIDC_JTI RENAME TO IDN_OIDC_JTI_WSO2;
         {CREATE}
         INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED)
         SELECT '', JWT_ID, {tenant}, {expiry}, {created} FROM IDN_OIDC_JTI_WSO2;
         DROP TABLE IDN_OIDC_JTI_WSO2"
    )]
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use dropins_database::OpenError;
    use dropins_database::connect::sqlite_tables::SqliteTables;
    use dropins_database::migrations::version;
    use rusqlite::Connection;

    use super::*;
    use crate::table::{COMPONENT, Found, find};

    fn tables(connection: &mut Connection) -> SqliteTables<'_> {
        SqliteTables::new(connection, Path::new("db"), Duration::ZERO)
    }

    fn found(connection: &mut Connection) -> Found {
        let mut tables = tables(connection);
        pollster::block_on(async {
            let version = version(&mut tables, COMPONENT).await?;
            find(&mut tables, version).await
        })
        .unwrap()
    }

    fn migrate(connection: &mut Connection) -> Result<Option<u64>, OpenError> {
        pollster::block_on(TABLE.open(&mut tables(connection)))
    }

    fn rows(connection: &Connection) -> Vec<(String, i64, i64, i64)> {
        let sql =
            "SELECT JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED FROM IDN_OIDC_JTI WHERE CLIENT_ID = '' ORDER BY JWT_ID";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn a_table_is_made_once_and_leaves_others_and_user_version_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE A (N INTEGER); PRAGMA user_version = 77").unwrap();
        assert_eq!(found(&mut connection), Found::Nothing);
        for _ in 0..2 {
            assert_eq!(migrate(&mut connection).unwrap(), None);
            assert_eq!(found(&mut connection), Found::Current);
        }
        assert!(connection.table_exists(None, "A").unwrap());
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 77);
    }

    #[test]
    fn the_rows_of_a_wso2_table_are_kept_whatever_its_times_look_like() {
        let mut connection = Connection::open_in_memory().unwrap();
        let table =
            "CREATE TABLE IDN_OIDC_JTI (JWT_ID VARCHAR(255), TENANT_ID INTEGER NOT NULL, EXP_TIME TIMESTAMP NOT NULL,
                         TIME_CREATED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (JWT_ID, TENANT_ID));
                     INSERT INTO IDN_OIDC_JTI VALUES ('a', -1234, '2027-01-15 08:00:00', '2027-01-15 07:59:59.900'),
                         ('b', 7, '2027-01-15 08:00:00.001', 0), ('c', -1, 1800000000, 1799999999),
                         ('d', -1234, 1800000000001, 1799999999999)";
        connection.execute_batch(table).unwrap();
        assert_eq!(found(&mut connection), Found::Wso2 { tenants: true, rows: 4 });
        assert_eq!(migrate(&mut connection).unwrap(), Some(1_800_000_001));
        let row = |jti: &str, tenant, expiry, created| (jti.to_owned(), tenant, expiry, created);
        let expected = [
            row("a", -1234, 1_800_000_000, 1_799_999_999),
            row("b", 7, 1_800_000_001, 0),
            row("c", -1, 1_800_000_000, 1_799_999_999),
            row("d", -1234, 1_800_000_001, 1_799_999_999),
        ];
        assert_eq!(rows(&connection), expected);
        assert_eq!(found(&mut connection), Found::Current);
    }

    #[test]
    fn rows_without_tenants_become_rows_of_the_super_tenant() {
        let mut connection = Connection::open_in_memory().unwrap();
        let table =
            "CREATE TABLE IDN_OIDC_JTI (JWT_ID VARCHAR(255) PRIMARY KEY, EXP_TIME TIMESTAMP, TIME_CREATED TIMESTAMP);
                     INSERT INTO IDN_OIDC_JTI VALUES ('a', 5, 4)";
        connection.execute_batch(table).unwrap();
        assert_eq!(found(&mut connection), Found::Wso2 { tenants: false, rows: 1 });
        migrate(&mut connection).unwrap();
        assert_eq!(rows(&connection), [("a".to_owned(), -1234, 5, 4)]);
    }

    #[test]
    fn a_failed_conversion_leaves_the_table_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        let table = "CREATE TABLE IDN_OIDC_JTI (JWT_ID TEXT PRIMARY KEY, EXP_TIME TEXT, TIME_CREATED TEXT);
                     INSERT INTO IDN_OIDC_JTI VALUES ('a', 'tomorrow', 4)";
        connection.execute_batch(table).unwrap();
        assert!(migrate(&mut connection).is_err());
        assert_eq!(found(&mut connection), Found::Wso2 { tenants: false, rows: 1 });
        let kept: String = connection.query_row("SELECT EXP_TIME FROM IDN_OIDC_JTI", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "tomorrow");
    }
}
