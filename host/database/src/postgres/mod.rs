//! The engine Postgres.

pub mod connection;
mod engine;
mod schema;
mod statement;
pub mod text;

pub(crate) use self::engine::Postgres;
