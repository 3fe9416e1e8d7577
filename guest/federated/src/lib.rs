//! The authenticator of clients that trusted issuers vouch for, as a WebAssembly component: tokens of OpenID Connect
//! issuers (Kubernetes service accounts, CI jobs, workload identities) and SPIFFE JWT-SVIDs.
//!
//! A token is verified with the keys of its issuer; then the client that is known by its subject is looked up. So who has
//! no token of a trusted issuer learns nothing about clients, and causes no look-up of one. What the issuer's tokens must
//! satisfy comes with the registration.

mod authenticate;
mod issuer;
mod party;
mod plugin;
mod policy;
mod reason;
mod request;
mod spiffe;
mod verify;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use authenticate::judge;
pub use dropins_plugin::{Authenticated, Request};
pub use issuer::{IssuerKind, IssuerSettings};
pub use plugin::FederatedJwt;
pub use policy::Policy;
pub use reason::{Reason, Refusal, Rejection, Report};
pub use request::{claimed_client, is_engaged};
pub use spiffe::trust_domain;
