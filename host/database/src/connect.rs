//! Connections to the engines, for a crate that keeps a table of its own in an engine's own SQL.
//!
//! A connection commits durably, waits for no lock for long, and trusts no server whose certificate it cannot verify.

#[cfg(feature = "mysql")]
pub use crate::mysql::{connection as mysql, tables as mysql_tables};
#[cfg(feature = "postgres")]
pub use crate::postgres::{connection as postgres, tables as postgres_tables, text as postgres_text};
pub use crate::sqlite::{connection as sqlite, tables as sqlite_tables};
