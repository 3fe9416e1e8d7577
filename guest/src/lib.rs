//! The `private_key_jwt` client authenticator (RFC 7523) as a WebAssembly component.
//!
//! Everything but the glue in `component.rs` is plain Rust without WIT types, so that every rule is tested natively. A request goes
//! [`Request`] -> [`Compact`] -> [`Assertion`] -> [`Client`]; each step is a type that the step before it has checked.
//! The rules, their reason codes and their order stand in one table: [`Reason`].

mod algorithm;
mod assertion;
mod audience;
mod authenticate;
mod claims;
#[cfg(target_family = "wasm")]
mod component;
mod description;
mod header;
mod json;
mod lifetime;
mod policy;
mod properties;
mod reason;
mod report;
mod request;
mod services;
mod shown;
mod time;
mod verify;
mod verify_in_guest;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use algorithm::{Algorithm, AlgorithmSet};
pub use assertion::{Assertion, Compact, MAX_LENGTH};
pub use authenticate::{Client, authenticate, judge};
pub use claims::Claims;
pub use description::{ALIASES, METHOD, NAME, READS};
pub use header::Header;
pub use json::{Flaw, Object, Value};
pub use policy::{AudienceMode, CertificateValidity, Policy, Profile, Verification};
pub use properties::Problem;
pub use reason::{OAuthError, Reason, Rule};
pub use report::{Check, Refusal, Rejection, Report, State};
pub use request::{ASSERTION_TYPE, Request};
pub use services::{
    Clients, Hint, KeyDescription, Keys, Log, LookupError, PublicKey, Registration, Replay, Services, Unsupported, Use,
    Verdict,
};
pub use time::NumericDate;
pub use verify_in_guest::verify_in_guest;
