//! The authorization request (RFC 6749 section 4.1.1), read once and strictly, and the answers to it.
//!
//! `/oauth2/authorize` and `/oauth2/par` use the same reader. Until client and redirect URI are known to belong
//! together a mistake is shown to the person at the browser; after that the client is redirected to with it.

mod error;
mod redirect_uri;
mod request;
mod response;
mod supported;

pub use error::RequestError;
pub use request::{AuthorizationRequest, Prompt};
pub use response::{ReturnTo, form_target};
pub use supported::{CODE_CHALLENGE_METHODS, RESPONSE_MODES, RESPONSE_TYPES};
