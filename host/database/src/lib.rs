//! Databases: SQLite, and by features PostgreSQL, MariaDB and MySQL.
//!
//! [`Database`] runs SQL that is written once for every engine, with `?` for values, over tables that a [`Schema`] describes.
//! [`connect`] has the connections themselves, for a crate that keeps a table in an engine's own SQL. A write that has
//! returned survives a crash. A server that is read-only, because another one is the primary now, counts as unavailable.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod connect;
mod database;
mod dialect;
mod engine;
mod error;
mod location;
pub mod migrations;
#[cfg(feature = "mysql")]
mod mysql;
mod open_error;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod purge;
mod retry;
mod schema;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
#[cfg(feature = "_server")]
mod server_url;
#[cfg(feature = "_server")]
mod sessions;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "testing")]
#[cfg(test)]
mod tests;
mod timeouts;
mod transaction;
mod value;

pub use self::sqlite::copy::copy as copy_sqlite;
pub use self::{
    database::Database,
    dialect::Dialect,
    error::StoreError,
    location::Location,
    open_error::OpenError,
    purge::{PurgeTask, Purger},
    retry::retry_on_conflict,
    schema::{Expiring, Schema},
    timeouts::TIMEOUT,
    transaction::Transaction,
    value::{Column, Row, Value},
};
#[cfg(feature = "_server")]
pub use self::{
    server_url::{ServerUrl, Tls},
    sessions::{Connect, Lease, Sessions},
};
