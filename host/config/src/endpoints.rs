//! The public URLs of the server, all from the configuration.
//!
//! Nothing is ever taken from a request: a Host header must not decide which audience is ours.

use crate::sections::deployment::Deployment;

/// Issuer and endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Issuer identifier (RFC 8414 section 2).
    pub issuer: String,
    /// Token endpoint (RFC 6749 section 3.2).
    pub token: String,
    /// Authorization endpoint (RFC 6749 section 3.1).
    pub authorization: String,
    /// Revocation endpoint (RFC 7009 section 2).
    pub revocation: String,
    /// Introspection endpoint (RFC 7662 section 2).
    pub introspection: String,
    /// Pushed authorization request endpoint (RFC 9126 section 2).
    pub pushed_requests: String,
    /// Userinfo endpoint (OpenID Connect Core section 5.3).
    pub userinfo: String,
    /// End session endpoint (OpenID Connect RP-Initiated Logout section 2).
    pub end_session: String,
    /// The server's own public keys.
    pub jwks: String,
    /// Client registration endpoint (RFC 7591 section 3), when clients can be registered.
    pub registration: Option<String>,
}

/// Path of the token endpoint.
pub const TOKEN: &str = "/oauth2/token";
/// Path of the authorization endpoint.
pub const AUTHORIZE: &str = "/oauth2/authorize";
/// Path that the sign-in page posts to.
pub const SIGN_IN: &str = "/oauth2/authorize/sign-in";
/// Path that the consent page posts to.
pub const CONSENT: &str = "/oauth2/authorize/consent";
/// Path of the page that ends a session.
pub const LOGOUT: &str = "/oauth2/logout";
/// Path of what the pages are made of.
pub const STATIC: &str = "/oauth2/static/{name}";
/// Path of the revocation endpoint.
pub const REVOKE: &str = "/oauth2/revoke";
/// Path of the introspection endpoint.
pub const INTROSPECT: &str = "/oauth2/introspect";
/// Path of the pushed authorization request endpoint.
pub const PAR: &str = "/oauth2/par";
/// Path of the userinfo endpoint.
pub const USERINFO: &str = "/oauth2/userinfo";
/// Path of the end session endpoint.
pub const END_SESSION: &str = "/oidc/logout";
/// Path of the page for people who come without a request.
pub const HOME: &str = "/";
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
/// Paths of the metadata in WSO2 Identity Server.
pub const WSO2_METADATA: [&str; 2] =
    ["/oauth2/token/.well-known/openid-configuration", "/oauth2/oidcdiscovery/.well-known/openid-configuration"];
/// Path of the metadata of SMART App Launch (section 9).
pub const SMART_METADATA: &str = "/.well-known/smart-configuration";

/// Paths of the endpoints and pages; of those with a name in it, one.
pub const OWN: [&str; 14] = [
    TOKEN,
    AUTHORIZE,
    SIGN_IN,
    CONSENT,
    LOGOUT,
    "/oauth2/static/name",
    REVOKE,
    INTROSPECT,
    PAR,
    JWKS,
    REGISTER,
    "/oauth2/register/client",
    OPENID_METADATA,
    OAUTH_METADATA,
];

impl Endpoints {
    /// The URLs of this deployment.
    pub fn of(deployment: &Deployment) -> Self {
        Self {
            issuer: deployment.issuer().to_owned(),
            token: deployment.endpoint(TOKEN),
            authorization: deployment.endpoint(AUTHORIZE),
            revocation: deployment.endpoint(REVOKE),
            introspection: deployment.endpoint(INTROSPECT),
            pushed_requests: deployment.endpoint(PAR),
            userinfo: deployment.endpoint(USERINFO),
            end_session: deployment.endpoint(END_SESSION),
            jwks: deployment.endpoint(JWKS),
            registration: deployment.oauth.registration.is_usable().then(|| deployment.endpoint(REGISTER)),
        }
    }
}
