//! `[oauth]`: lifetimes, leniency, the issuer and JWKS fetching.

use std::time::Duration;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::client_id_metadata::ClientIdMetadata;
use crate::sections::jwks_endpoint::JwksEndpoint;
use crate::sections::positive::positive;
use crate::sections::rate_limit::Rate;
use crate::sections::registration::DynamicRegistration;
use crate::sections::url::BaseUrl;
use dropins_protocol::TokenAlgorithm;

/// `[oauth]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth {
    /// Whether the server issues tokens itself; otherwise it is a gateway, without endpoints, pages and keys of its own.
    pub enabled: bool,
    /// Default of `ClockSkewInSeconds`.
    pub timestamp_skew: Duration,
    /// Whether error answers hold the precise reason.
    pub detailed_errors: bool,
    /// The issuer, when it is not the public base URL.
    pub issuer: Option<BaseUrl>,
    /// The kind of access tokens.
    pub token_type: TokenType,
    /// The algorithm of signed access tokens.
    pub access_token_signing_alg: TokenAlgorithm,
    /// Clients that may introspect the tokens of others (RFC 7662 section 2.1).
    pub resource_servers: Vec<String>,
    /// How long tokens are valid.
    pub validity: Validity,
    /// The client credentials grant.
    pub client_credentials: ClientCredentials,
    /// Fetching of JWK sets.
    pub jwks_endpoint: JwksEndpoint,
    /// Clients that register themselves.
    pub registration: DynamicRegistration,
    /// Clients whose id is the URL of a document.
    pub client_id_metadata: ClientIdMetadata,
    /// How many requests of one address are answered.
    pub rate_limit: Option<Rate>,
}

/// The kind of access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// Signed, so that a resource server can read them (RFC 9068).
    Jwt,
    /// Meaningless but to this server, which introspects them.
    Opaque,
}

/// `[oauth.token_validation]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validity {
    /// Access token of a client of its own.
    pub app_access_token: Duration,
    /// Access token for a user.
    pub user_access_token: Duration,
    /// Refresh token.
    pub refresh_token: Duration,
    /// Authorization code.
    pub authorization_code: Duration,
    /// ID token.
    pub id_token: Duration,
}

impl Validity {
    /// How long a signed token is valid at most.
    pub fn longest_token(&self) -> Duration {
        self.app_access_token.max(self.user_access_token).max(self.id_token)
    }
}

/// `[oauth.grant_type.client_credentials]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Whether scope `openid` gives an ID token.
    pub allow_id_token: bool,
    /// Whether a refresh token is issued.
    pub allow_refresh_tokens: bool,
}

impl OAuth {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        Self {
            enabled: match settings.has("oauth.enabled") {
                true => settings.boolean("oauth.enabled"),
                false => settings.elements("upstream").is_empty(),
            },
            timestamp_skew: settings.duration("oauth.timestamp_skew"),
            detailed_errors: settings.boolean("oauth.detailed_errors"),
            issuer: issuer(settings, findings),
            token_type: match settings.text("oauth.token_type").as_deref() {
                Some("opaque") => TokenType::Opaque,
                _ => TokenType::Jwt,
            },
            access_token_signing_alg: settings
                .text("oauth.access_token_signing_alg")
                .and_then(|name| TokenAlgorithm::parse(&name))
                .unwrap_or(TokenAlgorithm::Es256),
            resource_servers: settings.words("oauth.introspect.resource_servers"),
            validity: Validity {
                app_access_token: positive(settings, "oauth.token_validation.app_access_token_validity", findings),
                user_access_token: positive(settings, "oauth.token_validation.user_access_token_validity", findings),
                refresh_token: positive(settings, "oauth.token_validation.refresh_token_validity", findings),
                authorization_code: positive(settings, "oauth.token_validation.authorization_code_validity", findings),
                id_token: positive(settings, "oauth.token_validation.id_token_validity", findings),
            },
            client_credentials: ClientCredentials {
                allow_id_token: settings.boolean("oauth.grant_type.client_credentials.allow_id_token"),
                allow_refresh_tokens: settings.boolean("oauth.grant_type.client_credentials.allow_refresh_tokens"),
            },
            jwks_endpoint: JwksEndpoint::read(settings, findings),
            registration: DynamicRegistration::read(settings),
            client_id_metadata: ClientIdMetadata::read(settings, findings),
            rate_limit: Rate::per_address(settings, findings),
        }
    }
}

fn issuer(settings: &Section, findings: &mut Findings) -> Option<BaseUrl> {
    let path = "oauth.oidc.id_token.issuer";
    match BaseUrl::parse(&settings.text(path)?) {
        Ok(url) => Some(url),
        Err(fault) => {
            let message = format!("`{path}` {fault}");
            let problem = Problem::new(Code::BadValue, settings.span(path), path, message);
            findings.problem(problem.help("an issuer is a URL like \"https://localhost:9443\""));
            None
        }
    }
}
