//! The `private_key_jwt` client authenticator (RFC 7523) as a WebAssembly component.
//!
//! Everything is plain Rust without WIT types, so that every rule is tested natively. A request goes
//! [`Request`] -> [`Compact`] -> [`Assertion`] -> [`Authenticated`]; each step is a type that the step before it has checked.
//! The rules, their reason codes and their order are one table: [`Reason`]. What every plug-in of assertions does is in
//! the SDK: [`dropins_plugin::assertion`].

mod audience;
mod authenticate;
mod claims;
mod plugin;
mod policy;
mod properties;
mod reason;
mod request;
mod verify;
mod verify_in_guest;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use audience::SentAudience;
pub use authenticate::{METHOD, authenticate, judge};
pub use dropins_plugin::assertion::{
    Algorithm, AlgorithmSet, Assertion, Claims, Compact, Header, JWT_BEARER as ASSERTION_TYPE, MAX_LENGTH, NumericDate,
};
pub use dropins_plugin::{Authenticated, Request};
pub use plugin::PrivateKeyJwt;
pub use policy::{AudienceMode, AudienceReport, CertificateValidity, ForeignIssuers, Policy, Profile, Verification};
pub use reason::{Reason, Refusal, Rejection, Report};
pub use request::{claimed_client, is_engaged};
pub use verify_in_guest::verify_in_guest;
