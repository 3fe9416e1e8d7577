//! Registered clients, and when their keys were last used.
//!
//! Ids compare byte by byte; secrets and tokens are in it as hashes only, but for the secrets at other servers, sealed. Times are seconds since the Unix epoch.

mod changes;
mod error;
mod key_use;
mod key_uses;
mod rows;
mod schema;
mod sealed;
mod store;
mod subjects;
#[cfg(test)]
mod tests;

pub use changes::Changes;
pub use dropins_protocol::ClientRecord;
pub use error::ClientError;
pub use key_use::KeyUse;
pub use schema::MIGRATION;
pub use store::IdentityStore;
