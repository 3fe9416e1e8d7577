//! Names that more than one room must spell alike: grants, authentication methods, scopes, prefixes.

/// The authorization code grant (RFC 6749 section 4.1.3).
pub const AUTHORIZATION_CODE: &str = "authorization_code";
/// The client credentials grant (RFC 6749 section 4.4).
pub const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The refresh token grant (RFC 6749 section 6).
pub const REFRESH_TOKEN: &str = "refresh_token";

/// The grants of this server, for metadata.
pub const GRANTS: [&str; 3] = [AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN];

/// Grants that a client without a credential may use: what they take is itself a proof (RFC 7636, RFC 6749 section 6).
pub const PUBLIC_GRANTS: [&str; 2] = [AUTHORIZATION_CODE, REFRESH_TOKEN];

/// The method of clients that have keys (OpenID Connect Core section 9).
pub const PRIVATE_KEY_JWT: &str = "private_key_jwt";
/// The method of clients with an identity of a SPIFFE trust domain (draft-ietf-oauth-spiffe-client-auth).
pub const SPIFFE_JWT: &str = "spiffe_jwt";
/// The method of clients without a credential (RFC 7591 section 2).
pub const NONE: &str = "none";

/// The scope that makes a request an authentication request (OpenID Connect Core section 3.1.2.1).
pub const OPENID: &str = "openid";

/// The `client_assertion_type` of a JWT (RFC 7523 section 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The `client_assertion_type` of a SPIFFE JWT-SVID (draft-ietf-oauth-spiffe-client-auth).
pub const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// The beginning of the URI of a pushed request (RFC 9126 section 2.2).
pub const REQUEST_URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// The longest client id and the longest name of a client, in bytes.
pub const MAX_NAME: usize = 255;
