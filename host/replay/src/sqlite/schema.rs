//! The table in a database file that other components may share.
//!
//! Versions are kept per component in `DROPINS_SCHEMA`, because `user_version` belongs to nobody. The table is found,
//! made or converted in one exclusive transaction: two processes that start together do it once. Times are Unix seconds;
//! text compares byte by byte (`BINARY`), which is SQLite's default.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::{
    entry::unsigned,
    table::{COMPONENT, COUNT, Found, TENANT, VERSION},
};
use dropins_database::OpenError;
use dropins_database::connect::sqlite::SCHEMA_VERSIONS;

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

/// Why the table cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    #[error(transparent)]
    Refused(#[from] OpenError),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// WSO2 has no script for SQLite, so a time may be text in UTC or a number, of seconds or of milliseconds as JDBC writes
/// them: 10^11 seconds are the year 5138. An expiry is rounded up.
fn convert(tenants: bool) -> String {
    let tenant = if tenants { "TENANT_ID".to_owned() } else { TENANT.to_string() };
    let seconds = |column: &str, up: u16| {
        format!(
            "CASE typeof({column}) WHEN 'integer' THEN iif({column} > 100000000000, ({column} + {up}) / 1000, {column})
             ELSE unixepoch({column}) + ({up} > 0 AND {column} LIKE '%.%') END"
        )
    };
    let (expiry, created) = (seconds("EXP_TIME", 999), seconds("TIME_CREATED", 0));
    format!(
        "ALTER TABLE IDN_OIDC_JTI RENAME TO IDN_OIDC_JTI_WSO2;
         {CREATE}
         INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED)
         SELECT '', JWT_ID, {tenant}, {expiry}, {created} FROM IDN_OIDC_JTI_WSO2;
         DROP TABLE IDN_OIDC_JTI_WSO2"
    )
}

/// What the file holds.
pub(super) fn inspect(connection: &Connection, database: &str) -> Result<Found, SchemaError> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info('IDN_OIDC_JTI')")?;
    let columns = columns.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut version = None;
    if connection.table_exists(None, "DROPINS_SCHEMA")? {
        let read = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = ?1";
        version = connection.query_row(read, [COMPONENT], |row| row.get(0)).optional()?;
    }
    let found = Found::judge(database, version, columns)?;
    if !found.is_wso2() {
        return Ok(found);
    }
    Ok(found.holding(connection.query_row(COUNT, [], |row| row.get(0)).map(unsigned)?))
}

/// Makes or converts the table, and tells the last expiry of a row that names no client.
pub(super) fn migrate(connection: &mut Connection, database: &str) -> Result<Option<u64>, SchemaError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let found = inspect(&transaction, database)?;
    for change in found.plan(database) {
        tracing::info!("{change}");
    }
    match found {
        Found::Nothing => transaction.execute_batch(CREATE)?,
        Found::Wso2 { tenants, .. } => transaction.execute_batch(&convert(tenants))?,
        Found::Unversioned | Found::Current => {}
    }
    if found != Found::Current {
        transaction.execute_batch(SCHEMA_VERSIONS)?;
        let note = "INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES (?1, ?2)
                    ON CONFLICT DO UPDATE SET VERSION = excluded.VERSION";
        transaction.execute(note, (COMPONENT, VERSION))?;
    }
    let inherited = "SELECT max(EXP_TIME) FROM IDN_OIDC_JTI WHERE CLIENT_ID = ''";
    let inherited: Option<i64> = transaction.query_row(inherited, [], |row| row.get(0))?;
    transaction.commit()?;
    Ok(inherited.map(unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(connection: &Connection) -> Found {
        inspect(connection, "db").unwrap()
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
        assert_eq!(found(&connection), Found::Nothing);
        for _ in 0..2 {
            assert_eq!(migrate(&mut connection, "db").unwrap(), None);
            assert_eq!(found(&connection), Found::Current);
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
        assert_eq!(found(&connection), Found::Wso2 { tenants: true, rows: 4 });
        assert_eq!(migrate(&mut connection, "db").unwrap(), Some(1_800_000_001));
        let row = |jti: &str, tenant, expiry, created| (jti.to_owned(), tenant, expiry, created);
        let expected = [
            row("a", -1234, 1_800_000_000, 1_799_999_999),
            row("b", 7, 1_800_000_001, 0),
            row("c", -1, 1_800_000_000, 1_799_999_999),
            row("d", -1234, 1_800_000_001, 1_799_999_999),
        ];
        assert_eq!(rows(&connection), expected);
        assert_eq!(found(&connection), Found::Current);
    }

    #[test]
    fn rows_without_tenants_become_rows_of_the_super_tenant() {
        let mut connection = Connection::open_in_memory().unwrap();
        let table =
            "CREATE TABLE IDN_OIDC_JTI (JWT_ID VARCHAR(255) PRIMARY KEY, EXP_TIME TIMESTAMP, TIME_CREATED TIMESTAMP);
                     INSERT INTO IDN_OIDC_JTI VALUES ('a', 5, 4)";
        connection.execute_batch(table).unwrap();
        assert_eq!(found(&connection), Found::Wso2 { tenants: false, rows: 1 });
        migrate(&mut connection, "db").unwrap();
        assert_eq!(rows(&connection), [("a".to_owned(), -1234, 5, 4)]);
    }

    #[test]
    fn a_failed_conversion_leaves_the_table_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        let table = "CREATE TABLE IDN_OIDC_JTI (JWT_ID TEXT PRIMARY KEY, EXP_TIME TEXT, TIME_CREATED TEXT);
                     INSERT INTO IDN_OIDC_JTI VALUES ('a', 'tomorrow', 4)";
        connection.execute_batch(table).unwrap();
        assert!(migrate(&mut connection, "db").is_err());
        assert_eq!(found(&connection), Found::Wso2 { tenants: false, rows: 1 });
        let kept: String = connection.query_row("SELECT EXP_TIME FROM IDN_OIDC_JTI", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "tomorrow");
    }
}
