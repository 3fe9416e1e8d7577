//! The `client_secret_basic` and `client_secret_post` authenticator (RFC 6749 section 2.3.1) as a WebAssembly component.
//!
//! Everything but the glue in `component.rs` is plain Rust without WIT types. A request becomes a [`Credential`], which
//! exists only when it is well-formed and the only one; the host compares the secret, so no hash ever comes in here.

mod authenticate;
#[cfg(target_family = "wasm")]
mod component;
mod credential;
mod request;

pub use authenticate::{Client, Clients, Reason, Refusal, Rejection, authenticate};
pub use credential::{Credential, Method, Secret};
pub use request::Request;

/// The plug-in's name.
pub const NAME: &str = "client_secret_authenticator";

/// Other names under which a listener entry may enable it: the class of WSO2 Identity Server, full and simple.
pub const ALIASES: [&str; 2] = [
    "org.wso2.carbon.identity.oauth2.client.authentication.BasicAuthClientAuthenticator",
    "BasicAuthClientAuthenticator",
];

/// What it reads of a request.
pub const READS: [&str; 3] = ["form:client_id", "form:client_secret", "header:authorization"];

/// What is wrong with a property: there are none.
pub const NO_PROPERTIES: &str = "is not known here; client_secret_authenticator has no properties";
