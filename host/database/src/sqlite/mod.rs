//! The engine Sqlite.

pub mod connection;
mod engine;
mod schema;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use self::engine::Sqlite;
