//! SQLite: connections to a file, its tables, and the engine over them.

pub mod connection;
pub(crate) mod copy;
mod engine;
mod statement;
pub mod tables;
#[cfg(test)]
mod tests;

pub(crate) use self::engine::Sqlite;
