//! The engine Mysql.

pub mod connection;
mod engine;
mod statement;
pub mod tables;

pub(crate) use self::engine::Mysql;
