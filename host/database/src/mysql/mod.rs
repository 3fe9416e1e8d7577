//! MariaDB and MySQL: sessions, tables, and the engine over them.

pub mod connection;
mod engine;
mod statement;
pub mod tables;

pub(crate) use self::engine::{foreign, open, plan};
