//! Who an OAuth client is and what it is issued, without HTTP.
//!
//! [`clients`] finds registered clients and their keys. [`authorization`] reads authorization requests. [`grants`] answers
//! token requests of authenticated clients. [`tokens`] signs and reads tokens. A client uses only grants that it
//! registered and receives only scopes that were granted.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod authenticated;
pub mod authorization;
pub mod clients;
pub mod grants;
pub mod tokens;

pub use authenticated::Authenticated;
