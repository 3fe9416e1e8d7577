//! Codes, refresh tokens, opaque access tokens, pushed requests, and what was revoked (RFC 6749, 7009, 9126).
//!
//! The database holds hashes of what clients receive, never the thing itself.

mod access_tokens;
mod authorization;
mod codes;
mod families;
mod opaque;
mod pkce;
mod pushed;
mod refresh_tokens;
pub mod revocation;
mod schema;
pub mod scope;
mod store;
#[cfg(test)]
mod tests;

pub use access_tokens::NewAccessToken;
pub use authorization::Authorization;
pub use codes::{Binding, Code, CodeError, Terms};
pub use families::{Family, FamilyId};
pub use pushed::{Pushed, PushedRequests};
pub use refresh_tokens::{RefreshError, RefreshToken};
pub use schema::MIGRATION;
pub use store::Grants;
