//! The engine Postgres.

pub mod connection;
mod engine;
mod statement;
pub mod tables;
pub mod text;

pub(crate) use self::engine::Postgres;
