//! The public URLs of the server, all from the configuration.
//!
//! Nothing is ever taken from a request: a Host header must not decide which audience is ours.

use crate::config::Deployment;

/// Issuer and endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Issuer identifier (RFC 8414 section 2).
    pub issuer: String,
    /// Token endpoint (RFC 6749 section 3.2).
    pub token: String,
    /// The server's own public keys.
    pub jwks: String,
    /// Client registration endpoint (RFC 7591 section 3), when clients can be registered.
    pub registration: Option<String>,
}

/// Path of the token endpoint.
pub const TOKEN: &str = "/oauth2/token";
/// Path of the server's own public keys.
pub const JWKS: &str = "/oauth2/jwks";
/// Path of the client registration endpoint.
pub const REGISTER: &str = "/oauth2/register";
/// Path of the client configuration endpoint (RFC 7592 section 2).
pub const REGISTERED_CLIENT: &str = "/oauth2/register/{client_id}";
/// Path of the metadata (OpenID Connect Discovery section 4).
pub const OPENID_METADATA: &str = "/.well-known/openid-configuration";
/// Path of the metadata (RFC 8414 section 3).
pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";

impl Endpoints {
    /// The URLs of this deployment.
    pub fn of(deployment: &Deployment) -> Self {
        Self {
            issuer: deployment.issuer().to_owned(),
            token: deployment.endpoint(TOKEN),
            jwks: deployment.endpoint(JWKS),
            registration: deployment.oauth.registration.is_usable().then(|| deployment.endpoint(REGISTER)),
        }
    }
}
