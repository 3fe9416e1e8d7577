//! The `private_key_jwt` client authenticator (RFC 7523) as a WebAssembly component.
//!
//! Everything is plain Rust without WIT types, so that every rule is tested natively. A request goes
//! [`Request`] -> [`Compact`] -> [`Assertion`] -> [`Client`]; each step is a type that the step before it has checked.
//! The rules, their reason codes and their order are one table: [`Reason`].

mod algorithm;
mod assertion;
mod audience;
mod authenticate;
mod claims;
mod header;
mod lifetime;
mod plugin;
mod policy;
mod properties;
mod reason;
mod received;
mod request;
mod time;
mod verify;
mod verify_in_guest;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use algorithm::{Algorithm, AlgorithmSet};
pub use assertion::{Assertion, Compact, MAX_LENGTH};
pub use audience::SentAudience;
pub use authenticate::{Client, METHOD, authenticate, judge};
pub use claims::Claims;
pub use dropins_plugin::Request;
pub use header::Header;
pub use plugin::PrivateKeyJwt;
pub use policy::{AudienceMode, AudienceReport, CertificateValidity, ForeignIssuers, Policy, Profile, Verification};
pub use reason::{Reason, Refusal, Rejection, Report};
pub use request::{ASSERTION_TYPE, claimed_client, is_engaged};
pub use time::NumericDate;
pub use verify_in_guest::verify_in_guest;
