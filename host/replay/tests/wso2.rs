//! A table that WSO2 Identity Server made is converted in place: its rows are kept, and they still count.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "_sql")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{NOW, databases::Database, used};
use dropins_replay::{JtiStore, OpenError, plan};
use dropins_services::{FixedClock, Memory, ReplayStore, Use};

/// What the databases call things differently.
struct Dialect {
    /// The type of the times in WSO2's script for this database.
    time: &'static str,
    /// Runs statements.
    execute: fn(&Database, &str) -> String,
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn by_client(database: &Database, statements: &str) -> String {
    let (server, name) = database.server.as_ref().unwrap();
    server.execute(name, statements).unwrap()
}

#[cfg(feature = "sqlite")]
fn in_file(database: &Database, statements: &str) -> String {
    let dropins_replay::Location::Database(dropins_database::Location::Sqlite(path)) = &database.settings.location
    else {
        unreachable!()
    };
    let connection = rusqlite::Connection::open(path).unwrap();
    if !statements.starts_with("SELECT") {
        connection.execute_batch(statements).unwrap();
        return String::new();
    }
    let mut statement = connection.prepare(statements).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

macro_rules! on {
    ($feature:literal $database:ident $dialect:expr; $($case:ident)*) => {
        #[cfg(feature = $feature)]
        mod $database {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                if let Some(database) = crate::common::databases::$database() {
                    crate::$case(&database, &$dialect).await;
                }
            })*
        }
    };
}

macro_rules! on_every_sql_database {
    ($($cases:ident)*) => {
        on!("sqlite" sqlite crate::Dialect { time: "TIMESTAMP", execute: crate::in_file }; $($cases)*);
        on!("postgres" postgres crate::Dialect { time: "TIMESTAMP", execute: crate::by_client }; $($cases)*);
        on!("mysql" mysql crate::Dialect { time: "TIMESTAMP", execute: crate::by_client }; $($cases)*);
    };
}

on_every_sql_database! {
    the_rows_are_kept_with_their_tenants
    a_table_without_tenants_is_converted_too
    nodes_that_start_together_convert_once
    an_inherited_use_counts_for_every_client_until_it_expires
    a_table_of_another_kind_and_one_of_a_newer_program_are_rejected
}

/// 2027-01-15 08:00:00 UTC is [`NOW`].
fn make(database: &Database, dialect: &Dialect, tenants: bool) {
    let time = dialect.time;
    let (column, key, value) =
        if tenants { ("TENANT_ID INTEGER NOT NULL,", "JWT_ID, TENANT_ID", ", -1234") } else { ("", "JWT_ID", "") };
    let statements = format!(
        "CREATE TABLE IDN_OIDC_JTI (JWT_ID VARCHAR(255) NOT NULL, {column} EXP_TIME {time} NOT NULL,
             TIME_CREATED {time} NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY ({key}));
         INSERT INTO IDN_OIDC_JTI VALUES ('Old-1' {value}, '2027-01-15 08:00:00', '2027-01-15 07:59:00');
         INSERT INTO IDN_OIDC_JTI VALUES ('old-2' {value}, '2027-01-15 09:00:00', '2027-01-15 08:00:00');"
    );
    (dialect.execute)(database, &statements);
}

const TABLE: &str = "SELECT CONCAT(CLIENT_ID, '/', JWT_ID, '/', TENANT_ID, '/', EXP_TIME, '/', TIME_CREATED)
                     FROM IDN_OIDC_JTI ORDER BY JWT_ID";

const KEPT: &str = "/Old-1/-1234/1800000000/1799999940\n/old-2/-1234/1800003600/1800000000";

async fn the_rows_are_kept_with_their_tenants(database: &Database, dialect: &Dialect) {
    make(database, dialect, true);
    let tenants = "INSERT INTO IDN_OIDC_JTI VALUES ('p', 7, '2027-01-15 08:00:00', '2027-01-15 08:00:00')";
    (dialect.execute)(database, tenants);
    let planned = plan(&database.settings).unwrap();
    assert!(
        matches!(planned.as_slice(), [one] if one.contains("convert") && one.contains("its 3 rows with its tenants")),
        "{planned:?}"
    );
    assert_eq!(plan(&database.settings).unwrap(), planned, "a plan changes nothing");
    database.open().healthy().await.unwrap();
    assert_eq!((dialect.execute)(database, TABLE), format!("{KEPT}\n/p/7/1800000000/1800000000"));
    assert_eq!(plan(&database.settings).unwrap(), Vec::<String>::new());
}

async fn a_table_without_tenants_is_converted_too(database: &Database, dialect: &Dialect) {
    make(database, dialect, false);
    let planned = plan(&database.settings).unwrap();
    assert!(
        matches!(planned.as_slice(), [one] if one.contains("its 2 rows as rows of the super tenant")),
        "{planned:?}"
    );
    let store = database.open();
    assert_eq!((dialect.execute)(database, TABLE), KEPT);
    assert_eq!(store.remember(used("c", "new")).await, Ok(Memory::First));
    assert_eq!(store.rows().await, Ok(3));
}

async fn nodes_that_start_together_convert_once(database: &Database, dialect: &Dialect) {
    make(database, dialect, true);
    let stores: Vec<_> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..6).map(|_| scope.spawn(|| database.open())).collect();
        opening.into_iter().map(|store| store.join().unwrap()).collect()
    });
    assert_eq!((dialect.execute)(database, TABLE), KEPT);
    for store in stores {
        assert_eq!(store.remember(used("c", "old-2")).await, Ok(Memory::Seen));
    }
}

async fn an_inherited_use_counts_for_every_client_until_it_expires(database: &Database, dialect: &Dialect) {
    make(database, dialect, true);
    // The second store opens when all is converted.
    for store in [database.open(), database.open()] {
        let at = |client, jti, second| Use { now: second * 1000, expires_at: NOW + 9999, ..used(client, jti) };
        for client in ["a", "b"] {
            assert_eq!(store.peek(at(client, "old-2", NOW + 3600 + 299)).await, Ok(Memory::Seen));
            assert_eq!(store.remember(at(client, "old-2", NOW + 3600 + 299)).await, Ok(Memory::Seen));
        }
        assert_eq!(store.peek(at("a", "OLD-2", NOW)).await, Ok(Memory::First));
        assert_eq!(store.peek(at("a", "old-2", NOW + 3600 + 300)).await, Ok(Memory::First));
    }
    let store = database.open();
    let at = |second| Use { now: second * 1000, expires_at: NOW + 9999, ..used("a", "old-2") };
    // Together with uses that are decided.
    let uses = ["x", "old-2", "y", "Old-1"].map(|jti| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.remember(used("a", jti)).await.unwrap() })
    });
    let mut verdicts = Vec::new();
    for used in uses {
        verdicts.push(used.await.unwrap());
    }
    assert_eq!(verdicts, [Memory::First, Memory::Seen, Memory::First, Memory::Seen]);
    assert_eq!(store.remember(at(NOW + 3600 + 300)).await, Ok(Memory::First));
    assert_eq!(store.remember(at(NOW + 3600 + 300)).await, Ok(Memory::Seen));
}

async fn a_table_of_another_kind_and_one_of_a_newer_program_are_rejected(database: &Database, dialect: &Dialect) {
    let refusal = || {
        let planned = plan(&database.settings).unwrap_err();
        let settings = dropins_replay::ReplaySettings { timeout: Duration::from_secs(5), ..database.settings.clone() };
        let opened = JtiStore::open(&settings, Arc::new(FixedClock::at(NOW * 1000))).err().unwrap();
        assert_eq!(planned.to_string(), opened.to_string());
        opened
    };
    (dialect.execute)(database, "CREATE TABLE IDN_OIDC_JTI (A INTEGER)");
    assert!(matches!(refusal(), OpenError::ForeignTable { .. }));
    (dialect.execute)(database, "DROP TABLE IDN_OIDC_JTI");
    database.open();
    (dialect.execute)(database, "UPDATE DROPINS_SCHEMA SET VERSION = 99 WHERE COMPONENT = 'replay'");
    assert!(matches!(refusal(), OpenError::Newer { found: 99, .. }));
}
