//! The tables of the component `clients`, versioned in `DROPINS_SCHEMA` beside those of the replay store.
//!
//! All missing steps run in one exclusive transaction: two processes that start together migrate once. Refused are
//! tables of a newer program.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::connection::from_sqlite;
use crate::identity::open_error::OpenError;

const COMPONENT: &str = "clients";

/// Step `n` leads from version `n` to version `n + 1`; once released, a step never changes.
///
/// Text compares byte by byte (`BINARY`), which is SQLite's default. Lists are JSON arrays, because they are only ever
/// read as a whole. The log of changes is kept by triggers, so that it also knows what people change by hand.
const STEPS: &[&str] = &["
    CREATE TABLE DROPINS_CLIENT (
        CLIENT_ID          TEXT    NOT NULL PRIMARY KEY,
        CLIENT_NAME        TEXT,
        ENABLED            INTEGER NOT NULL DEFAULT 1 CHECK (ENABLED IN (0, 1)),
        AUTH_METHOD        TEXT,
        SIGNING_ALG        TEXT,
        GRANT_TYPES        TEXT    NOT NULL DEFAULT '[]',
        REDIRECT_URIS      TEXT    NOT NULL DEFAULT '[]',
        SCOPES             TEXT    NOT NULL DEFAULT '[]',
        SECRET_HASH        TEXT,
        CERTIFICATE        TEXT,
        JWKS               TEXT,
        JWKS_URI           TEXT,
        OVERRIDES          TEXT    NOT NULL DEFAULT '[]',
        REGISTRATION_TOKEN TEXT,
        REVISION           INTEGER NOT NULL DEFAULT 1,
        TIME_CREATED       INTEGER NOT NULL,
        TIME_UPDATED       INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE DROPINS_CLIENT_CHANGE (
        VERSION   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        CLIENT_ID TEXT    NOT NULL
    ) STRICT;
    CREATE TRIGGER DROPINS_CLIENT_CHANGE_BOUND AFTER INSERT ON DROPINS_CLIENT_CHANGE BEGIN
        DELETE FROM DROPINS_CLIENT_CHANGE WHERE VERSION <= NEW.VERSION - 10000;
    END;
    CREATE TRIGGER DROPINS_CLIENT_ADDED AFTER INSERT ON DROPINS_CLIENT BEGIN
        INSERT INTO DROPINS_CLIENT_CHANGE (CLIENT_ID) VALUES (NEW.CLIENT_ID);
    END;
    CREATE TRIGGER DROPINS_CLIENT_UPDATED AFTER UPDATE ON DROPINS_CLIENT BEGIN
        INSERT INTO DROPINS_CLIENT_CHANGE (CLIENT_ID) VALUES (NEW.CLIENT_ID);
        INSERT INTO DROPINS_CLIENT_CHANGE (CLIENT_ID) SELECT OLD.CLIENT_ID WHERE OLD.CLIENT_ID <> NEW.CLIENT_ID;
    END;
    CREATE TRIGGER DROPINS_CLIENT_REMOVED AFTER DELETE ON DROPINS_CLIENT BEGIN
        INSERT INTO DROPINS_CLIENT_CHANGE (CLIENT_ID) VALUES (OLD.CLIENT_ID);
        DELETE FROM DROPINS_KEY_USE WHERE CLIENT_ID = OLD.CLIENT_ID;
    END;

    CREATE TABLE DROPINS_KEY_USE (
        CLIENT_ID  TEXT    NOT NULL,
        THUMBPRINT TEXT    NOT NULL,
        SOURCE     TEXT    NOT NULL,
        FIRST_SEEN INTEGER NOT NULL,
        LAST_USED  INTEGER,
        PRIMARY KEY (CLIENT_ID, THUMBPRINT)
    ) STRICT, WITHOUT ROWID;
"];

/// Brings the tables up to date.
pub(super) fn migrate(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let migrated = apply(connection, known);
    let found = migrated.map_err(|error| from_sqlite(path, &error))?;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// Runs the missing steps, if any, and tells which version was found.
fn apply(connection: &mut Connection, known: u32) -> rusqlite::Result<u32> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS DROPINS_SCHEMA (
            COMPONENT TEXT    NOT NULL PRIMARY KEY,
            VERSION   INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
    )?;
    let read = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = ?1";
    let found: u32 = transaction.query_row(read, [COMPONENT], |row| row.get(0)).optional()?.unwrap_or(0);
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.execute_batch(step)?;
    }
    if found < known {
        let write = "INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES (?1, ?2)
                     ON CONFLICT DO UPDATE SET VERSION = excluded.VERSION";
        transaction.execute(write, (COMPONENT, known))?;
    }
    transaction.commit()?;
    Ok(found)
}
