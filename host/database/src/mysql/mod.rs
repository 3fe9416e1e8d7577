//! The engine Mysql.

pub mod connection;
mod engine;
mod schema;
mod statement;

pub(crate) use self::engine::Mysql;
