//! What is registered about a client, in `deployment.toml` or in the database.
//!
//! Nothing here is checked: the one set of rules is `dropins_config::client_faults`, for keys `dropins_oauth::clients::lint`.

use crate::federated_subject::FederatedSubject;
use crate::secret::Secret;
use crate::secret_hash::SecretHash;
use crate::token_algorithm::TokenAlgorithm;
use crate::token_hash::TokenHash;

/// One client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientRecord {
    /// Client identifier, byte for byte.
    pub client_id: String,
    /// Name for people.
    pub name: Option<String>,
    /// Whether it may be used.
    pub enabled: bool,
    /// The registered `token_endpoint_auth_method` (RFC 7591 section 2).
    pub auth_method: Option<String>,
    /// The registered `token_endpoint_auth_signing_alg` (OpenID Connect Registration section 2).
    pub signing_alg: Option<String>,
    /// The registered `id_token_signed_response_alg`; `None` is the default of the standard.
    pub id_token_signed_response_alg: Option<TokenAlgorithm>,
    /// Grants that it may use.
    pub grant_types: Vec<String>,
    /// Redirect URIs, compared as strings.
    pub redirect_uris: Vec<String>,
    /// Where a user may be sent after signing out (OpenID Connect RP-Initiated Logout section 3), compared as strings.
    pub post_logout_redirect_uris: Vec<String>,
    /// Scopes that it may be granted.
    pub scopes: Vec<String>,
    /// The hash of its secret.
    pub secret: Option<SecretHash>,
    /// Its certificates, PEM.
    pub certificate: Option<String>,
    /// Its JWK set, JSON.
    pub jwks: Option<String>,
    /// Where its JWK set is published.
    pub jwks_uri: Option<String>,
    /// Subjects of trusted issuers whose tokens authenticate it.
    pub federated: Vec<FederatedSubject>,
    /// Overrides: property name in the plug-in's spelling, and its values.
    pub overrides: Vec<(String, Vec<String>)>,
    /// Who it is at the authorization server behind this one.
    pub upstream: UpstreamClient,
    /// The hash of its registration access token (RFC 7592 section 3); only a client that registered itself has one.
    pub registration_token: Option<TokenHash>,
    /// Number of the revision that was read; an update of another revision is refused.
    pub revision: u64,
    /// When it was registered.
    pub created_at: u64,
    /// When it was last changed.
    pub updated_at: u64,
}

/// A client as the authorization server behind this one knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamClient {
    /// The issuer of the upstream, where there are several.
    pub issuer: Option<String>,
    /// Its id there, when it is another one.
    pub client_id: Option<String>,
    /// Its secret there, which is sent and therefore not hashed.
    pub secret: Option<Secret>,
}
