//! Versioned tables in a database file that several components share.
//!
//! Each component has its own version in `DROPINS_SCHEMA`, so that none depends on `user_version`, which belongs to
//! nobody. All missing steps run in one exclusive transaction: two processes that start together migrate once.
//! Refused are tables of a newer program.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// The tables of one component: step `n` leads from version `n` to version `n + 1`.
pub(super) struct Schema {
    /// The component's name in `DROPINS_SCHEMA`.
    pub(super) component: &'static str,
    /// SQL scripts; once released, a step never changes.
    pub(super) steps: &'static [&'static str],
}

/// The table of used `jti` values. Columns as in WSO2 Identity Server, and the client. Times are Unix seconds.
/// Text compares byte by byte (`BINARY`), which is SQLite's default.
pub(super) const JTI: Schema = Schema {
    component: "replay",
    steps: &["
        CREATE TABLE IDN_OIDC_JTI (
            JWT_ID       TEXT    NOT NULL,
            CLIENT_ID    TEXT    NOT NULL,
            TENANT_ID    INTEGER NOT NULL DEFAULT -1234,
            EXP_TIME     INTEGER NOT NULL,
            TIME_CREATED INTEGER NOT NULL,
            PRIMARY KEY (CLIENT_ID, JWT_ID, TENANT_ID)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IDX_IDN_OIDC_JTI_EXP_TIME ON IDN_OIDC_JTI (EXP_TIME);
    "],
};

/// Why the tables cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    #[error("version {found} is newer than {known}")]
    Newer { found: u32, known: u32 },
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl Schema {
    /// Brings the tables up to date and tells how many steps that took.
    pub(super) fn migrate(&self, connection: &mut Connection) -> Result<u32, SchemaError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS DROPINS_SCHEMA (
                COMPONENT TEXT    NOT NULL PRIMARY KEY,
                VERSION   INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID",
        )?;
        let read = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = ?1";
        let found: u32 = transaction.query_row(read, [self.component], |row| row.get(0)).optional()?.unwrap_or(0);
        let mut version = 0;
        for step in self.steps {
            if version >= found {
                transaction.execute_batch(step)?;
            }
            version += 1;
        }
        if found > version {
            return Err(SchemaError::Newer { found, known: version });
        }
        if found < version {
            let write = "INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES (?1, ?2)
                         ON CONFLICT DO UPDATE SET VERSION = excluded.VERSION";
            transaction.execute(write, (self.component, version))?;
        }
        transaction.commit()?;
        Ok(version - found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Schema = Schema { component: "x", steps: &["CREATE TABLE A (N INTEGER)"] };
    const TWO: Schema = Schema { component: "x", steps: &["CREATE TABLE A (N INTEGER)", "CREATE TABLE B (N INTEGER)"] };
    const BROKEN: Schema =
        Schema { component: "x", steps: &["CREATE TABLE A (N INTEGER)", "CREATE TABLE C (N INTEGER); nonsense"] };

    fn tables(connection: &Connection) -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'DROPINS_SCHEMA' ORDER BY name";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn only_missing_steps_run() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(ONE.migrate(&mut connection).unwrap(), 1);
        assert_eq!(ONE.migrate(&mut connection).unwrap(), 0);
        assert_eq!(TWO.migrate(&mut connection).unwrap(), 1);
        assert_eq!(tables(&connection), ["A", "B"]);
    }

    #[test]
    fn a_failed_step_leaves_the_tables_as_they_were() {
        let mut connection = Connection::open_in_memory().unwrap();
        ONE.migrate(&mut connection).unwrap();
        assert!(BROKEN.migrate(&mut connection).is_err());
        assert_eq!(tables(&connection), ["A"]);
        assert_eq!(ONE.migrate(&mut connection).unwrap(), 0);
    }

    #[test]
    fn tables_of_a_newer_program_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        TWO.migrate(&mut connection).unwrap();
        let error = ONE.migrate(&mut connection).unwrap_err();
        assert!(matches!(error, SchemaError::Newer { found: 2, known: 1 }), "{error}");
    }

    #[test]
    fn components_do_not_disturb_each_other_or_user_version() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 77).unwrap();
        ONE.migrate(&mut connection).unwrap();
        JTI.migrate(&mut connection).unwrap();
        assert_eq!(tables(&connection), ["A", "IDN_OIDC_JTI"]);
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 77);
    }
}
