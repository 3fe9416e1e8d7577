//! The token endpoint's logic: one file for each grant (RFC 6749 sections 4.1.3, 4.4 and 6).

mod authorization_code;
mod client_credentials;
mod issue;
mod refresh_token;
mod refusal;
mod request;
mod token_endpoint;
pub mod validity;

pub use refusal::GrantRefusal;
pub use request::{GrantServices, TokenRequest};
pub use token_endpoint::answer;
