//! Databases: SQLite, PostgreSQL, MariaDB and MySQL, one feature each.
//!
//! [`Database`] runs SQL that is written once for every engine, with `?` for values, over tables that a [`Schema`] describes.
//! [`connect`] has the connections themselves, for a crate that keeps a table in an engine's own SQL. A write that has
//! returned survives a crash. A server that is read-only, because another one is the primary now, counts as unavailable.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

#[cfg(feature = "_sql")]
pub mod connect;
#[cfg(feature = "_sql")]
mod database;
#[cfg(feature = "_sql")]
mod dialect;
#[cfg(feature = "_sql")]
mod engine;
#[cfg(feature = "_sql")]
mod error;
#[cfg(feature = "_sql")]
mod expiring;
#[cfg(feature = "_sql")]
mod location;
#[cfg(feature = "_sql")]
pub mod migrations;
#[cfg(feature = "mysql")]
mod mysql;
mod open_error;
#[cfg(feature = "_sql")]
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "_sql")]
mod purge;
#[cfg(feature = "_sql")]
mod retry;
#[cfg(feature = "_sql")]
mod schema;
#[cfg(feature = "_server")]
mod server_url;
#[cfg(feature = "_sessions")]
mod sessions;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "testing")]
#[cfg(test)]
mod tests;
#[cfg(feature = "_sql")]
mod timeouts;
#[cfg(feature = "_sql")]
mod transaction;
#[cfg(feature = "_sql")]
mod value;

pub use self::open_error::OpenError;
#[cfg(feature = "_server")]
pub use self::server_url::{ServerUrl, Tls};
#[cfg(feature = "_sessions")]
pub use self::sessions::{Connect, Lease, Sessions};
#[cfg(feature = "_sql")]
pub use self::{
    database::Database,
    dialect::Dialect,
    error::StoreError,
    expiring::Expiring,
    location::Location,
    purge::{PurgeTask, Purger},
    retry::retry_on_conflict,
    schema::Schema,
    timeouts::TIMEOUT,
    transaction::Transaction,
    value::{Column, Row, Value},
};
