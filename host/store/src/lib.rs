//! Every row of the identity database: clients, users, sessions, grants, and the key that seals pages.
//!
//! All SQL on these tables is here, one function for each thing that is done to them. Secrets and tokens are stored as
//! hashes only. Times are seconds since the Unix epoch.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod clients;
pub mod grants;
mod schema;
mod sealing_key;
pub mod sessions;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod users;

pub use schema::SCHEMA;
pub use sealing_key::sealing_key;
