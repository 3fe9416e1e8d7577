//! The `client_secret_basic` and `client_secret_post` authenticator (RFC 6749 section 2.3.1) as a WebAssembly component.
//!
//! A request becomes a [`Credential`], which exists only when it is well-formed and the only one. The host looks up the
//! client and compares the secret, so no hash ever enters the component.

mod credential;
mod plugin;
mod reason;
mod request;

pub use credential::{Credential, Method, Secret};
pub use plugin::ClientSecret;
pub use reason::{Reason, Refusal, Rejection, Report};
