//! The identity database: [`dropins_database`] with the tables of this program.

mod schema;
#[cfg(test)]
pub(crate) mod testing;

pub use dropins_database::{
    Column, Database, Location, OpenError, PurgeTask, Purger, Row, StoreError, TIMEOUT, Transaction, Value,
    retry_on_conflict,
};

pub use self::schema::SCHEMA;
