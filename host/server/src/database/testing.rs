//! Fresh identity databases for tests.

pub(crate) use dropins_database::testing::Fresh;

use super::SCHEMA;

/// Runs a case on a fresh database of each engine, one after the other.
pub(crate) async fn on_every_engine(case: impl AsyncFn(Fresh)) {
    dropins_database::testing::on_every_engine(&SCHEMA, case).await;
}
