//! The engine Sqlite.

pub mod connection;
mod engine;
mod statement;
pub mod tables;
#[cfg(test)]
mod tests;

pub(crate) use self::engine::Sqlite;
