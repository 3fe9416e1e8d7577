//! A client, ready to be authenticated.

use dropins_keys::Finding;
use dropins_keys::keystore::CertificateStores;
use dropins_services::{PublicKey as _, Registration};

use super::keys::ClientKeys;
use dropins_protocol::names::{NONE, PRIVATE_KEY_JWT};
use dropins_protocol::{ClientRecord, FederatedSubject, SecretHash, TokenAlgorithm, UpstreamClient};

/// A client as it is registered.
#[derive(Debug)]
pub struct RegisteredClient {
    /// What authenticators may know.
    pub registration: Registration,
    /// Whether it may be used; a disabled client is not found.
    pub enabled: bool,
    /// Name for people.
    pub name: Option<String>,
    /// The host of the document that describes it, with its port, if its id is the URL of one: the host vouches for it, and
    /// its name does not.
    pub host: Option<String>,
    /// The algorithm of its ID tokens (OpenID Connect Dynamic Client Registration section 2).
    pub id_token_signed_response_alg: TokenAlgorithm,
    /// Grants that it may use (RFC 7591 section 2).
    pub grant_types: Vec<String>,
    /// Redirect URIs, compared as strings.
    pub redirect_uris: Vec<String>,
    /// Where a user may be sent after signing out, compared as strings.
    pub post_logout_redirect_uris: Vec<String>,
    /// Scopes that it may be granted.
    pub scopes: Vec<String>,
    /// The hash of its secret.
    pub secret: Option<SecretHash>,
    /// Its keys.
    pub keys: ClientKeys,
    /// Who it is at the authorization server behind this one.
    pub upstream: UpstreamClient,
    /// The subjects of trusted issuers that it is known by.
    pub federated: Vec<FederatedSubject>,
}

impl RegisteredClient {
    /// Whether it has no credential (RFC 6749 section 2.1).
    pub fn is_public(&self) -> bool {
        self.registration.auth_method.as_deref() == Some(NONE)
    }

    /// The members of its metadata in which another description of it differs.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let Registration { auth_method, signing_alg, .. } = &self.registration;
        let thumbprints =
            |client: &Self| client.keys.own().iter().map(|key| key.describe().thumbprint).collect::<Vec<_>>();
        let members = [
            ("client_name", self.name == other.name),
            ("token_endpoint_auth_method", *auth_method == other.registration.auth_method),
            ("token_endpoint_auth_signing_alg", *signing_alg == other.registration.signing_alg),
            ("grant_types", self.grant_types == other.grant_types),
            ("redirect_uris", self.redirect_uris == other.redirect_uris),
            ("post_logout_redirect_uris", self.post_logout_redirect_uris == other.post_logout_redirect_uris),
            ("scope", self.scopes == other.scopes),
            ("jwks", thumbprints(self) == thumbprints(other)),
            ("jwks_uri", self.keys.jwks_uri() == other.keys.jwks_uri()),
        ];
        members.into_iter().filter(|(_, same)| !same).map(|(member, _)| member).collect()
    }

    /// Roughly how many bytes of memory it takes: its weight in a cache.
    pub fn memory(&self) -> usize {
        let lists = [&self.grant_types, &self.redirect_uris, &self.post_logout_redirect_uris, &self.scopes];
        let texts = lists.into_iter().flatten().map(|text| text.len().saturating_add(size_of::<String>()));
        let settings = self.registration.settings.iter().map(|(name, value)| name.len().saturating_add(value.len()));
        let upstream = [self.upstream.issuer.as_ref(), self.upstream.client_id.as_ref()];
        let upstream = upstream.into_iter().flatten().map(String::len).sum::<usize>();
        let own = [upstream, self.registration.id.len().saturating_mul(2), self.name.as_ref().map_or(0, String::len)];
        let pairs = self.federated.iter();
        let pairs = pairs.map(|pair| pair.issuer.len().saturating_add(pair.subject.len()).saturating_add(64));
        let parts = texts.chain(settings).chain(own).chain(pairs).chain([self.keys.memory()]);
        parts.fold(size_of::<Self>(), usize::saturating_add)
    }

    /// Whether the keystore entry whose alias is its id can authenticate it: not a client that registered a secret and no
    /// method, because an entry of that alias can be there for another reason.
    pub fn may_use_keystore(&self) -> bool {
        self.secret.is_none() || self.registration.auth_method.is_some()
    }

    /// Whether the keystore entry whose alias is its id is its only key.
    pub fn needs_keystore(&self) -> bool {
        let method = self.registration.auth_method.as_deref();
        self.keys.in_keystore() && method.map_or(self.secret.is_none(), |method| method == PRIVATE_KEY_JWT)
    }

    /// A sentence for the operator if the client has no key: what the keystores lack.
    pub fn keyless(&self, keystores: &CertificateStores) -> Option<String> {
        let has_none = self.needs_keystore() && matches!(keystores.find(&self.registration.id), Ok(None));
        has_none.then(|| format!("the client has no key at all: it registers none, and {}", keystores.lack()))
    }

    /// A client as it is recorded, with the findings about its keys; `now` in seconds since the Unix epoch.
    pub fn of_record(record: ClientRecord, now: u64) -> (Self, Vec<Finding>) {
        let (keys, findings) = ClientKeys::read(&record, now);
        let client = Self {
            registration: Registration {
                id: record.client_id,
                auth_method: record.auth_method,
                signing_alg: record.signing_alg,
                settings: settings(&record.overrides),
            },
            enabled: record.enabled,
            name: record.name,
            host: None,
            id_token_signed_response_alg: record
                .id_token_signed_response_alg
                .unwrap_or(TokenAlgorithm::ID_TOKEN_DEFAULT),
            grant_types: record.grant_types,
            redirect_uris: record.redirect_uris,
            post_logout_redirect_uris: record.post_logout_redirect_uris,
            scopes: record.scopes,
            secret: record.secret,
            keys,
            upstream: record.upstream,
            federated: record.federated,
        };
        (client, findings)
    }
}

/// Overrides as plug-ins are given them: one pair per value.
pub fn settings(overrides: &[(String, Vec<String>)]) -> Vec<(String, String)> {
    let values = |(name, values): &(String, Vec<String>)| {
        values.iter().map(|value| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    overrides.iter().flat_map(values).collect()
}
