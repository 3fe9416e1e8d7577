//! The authorization request (RFC 6749 section 4.1.1), read once and strictly, and the answers to it.
//!
//! `/oauth2/authorize` and `/oauth2/par` use the same reader. Until client and redirect URI are known to belong
//! together a mistake is shown to the person at the browser; after that it is the client's to hear of.

mod error;
mod redirect_uri;
mod request;
mod response;

pub use error::{ErrorCode, RequestError};
pub use request::{AuthorizationRequest, Prompt};
pub use response::{ReturnTo, form_target};

/// The scope that makes a request an authentication request (OpenID Connect Core section 3.1.2.1).
pub const OPENID: &str = "openid";
/// The only response type.
pub const RESPONSE_TYPES: [&str; 1] = ["code"];
/// The only response mode.
pub const RESPONSE_MODES: [&str; 1] = ["query"];
/// The only transformation of a code verifier (RFC 7636 section 4.2).
pub const CODE_CHALLENGE_METHODS: [&str; 1] = ["S256"];
