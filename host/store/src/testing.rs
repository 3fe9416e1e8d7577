//! Fresh identity databases for tests.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use dropins_database::Database;
pub use dropins_database::testing::Fresh;

use crate::SCHEMA;

/// Runs a case on a fresh database of each engine, one after the other.
pub async fn on_every_engine(case: impl AsyncFn(Fresh)) {
    dropins_database::testing::on_every_engine(&SCHEMA, case).await;
}

/// An empty identity database in a temporary folder.
pub fn database() -> (Database, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::sqlite(&folder.path().join("identity.db"), &SCHEMA).unwrap();
    (database, folder)
}
