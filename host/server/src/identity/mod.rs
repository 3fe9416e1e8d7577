//! The identity database: registered clients, and when their keys were last used.
//!
//! [`IdentityStore`] is what the server needs of it; SQLite implements it. Ids compare byte by byte, and secrets and
//! tokens are in it as hashes only. Times are seconds since the Unix epoch.

mod key_use;
mod open_error;
mod record;
mod sqlite;
mod store;
mod token_hash;

pub use key_use::KeyUse;
pub use open_error::OpenError;
pub use record::ClientRecord;
pub use sqlite::SqliteStore;
pub use store::{Changes, IdentityStore, StoreError};
pub use token_hash::TokenHash;
