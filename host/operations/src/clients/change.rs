//! What is changed about a client; what is not given stays.

use dropins_keys::Algorithm;
use dropins_protocol::{ClientRecord, FederatedSubject, Secret, TokenAlgorithm};

/// A fact that a client can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// The name for people.
    Name,
    /// The registered method.
    AuthMethod,
    /// The registered algorithm.
    SigningAlg,
    /// The algorithm of its ID tokens.
    IdTokenSignedResponseAlg,
    /// All redirect URIs.
    RedirectUris,
    /// All places after signing out.
    PostLogoutRedirectUris,
    /// All scopes.
    Scope,
    /// All certificates.
    Certificate,
    /// The JWK set.
    Jwks,
    /// The JWKS URI.
    JwksUri,
    /// The secret.
    Secret,
    /// All overrides.
    Overrides,
    /// All subjects of trusted issuers.
    Federated,
    /// The upstream that it uses.
    Upstream,
    /// Its id there.
    UpstreamClientId,
    /// Its secret there.
    UpstreamClientSecret,
}

impl Fact {
    /// Every fact.
    pub const ALL: [Self; 16] = [
        Self::Name,
        Self::AuthMethod,
        Self::SigningAlg,
        Self::IdTokenSignedResponseAlg,
        Self::RedirectUris,
        Self::PostLogoutRedirectUris,
        Self::Scope,
        Self::Certificate,
        Self::Jwks,
        Self::JwksUri,
        Self::Secret,
        Self::Overrides,
        Self::Federated,
        Self::Upstream,
        Self::UpstreamClientId,
        Self::UpstreamClientSecret,
    ];

    /// The word for it, `jwks-uri`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::AuthMethod => "auth-method",
            Self::SigningAlg => "signing-alg",
            Self::IdTokenSignedResponseAlg => "id-token-signed-response-alg",
            Self::RedirectUris => "redirect-uris",
            Self::PostLogoutRedirectUris => "post-logout-redirect-uris",
            Self::Scope => "scope",
            Self::Certificate => "certificate",
            Self::Jwks => "jwks",
            Self::JwksUri => "jwks-uri",
            Self::Secret => "secret",
            Self::Overrides => "overrides",
            Self::Federated => "federated",
            Self::Upstream => "upstream",
            Self::UpstreamClientId => "upstream-client-id",
            Self::UpstreamClientSecret => "upstream-client-secret",
        }
    }

    fn clear(self, record: &mut ClientRecord) {
        match self {
            Self::Name => record.name = None,
            Self::AuthMethod => record.auth_method = None,
            Self::SigningAlg => record.signing_alg = None,
            Self::IdTokenSignedResponseAlg => record.id_token_signed_response_alg = None,
            Self::RedirectUris => record.redirect_uris.clear(),
            Self::PostLogoutRedirectUris => record.post_logout_redirect_uris.clear(),
            Self::Scope => record.scopes.clear(),
            Self::Certificate => record.certificate = None,
            Self::Jwks => record.jwks = None,
            Self::JwksUri => record.jwks_uri = None,
            Self::Secret => record.secret = None,
            Self::Overrides => record.overrides.clear(),
            Self::Federated => record.federated.clear(),
            Self::Upstream => record.upstream.issuer = None,
            Self::UpstreamClientId => record.upstream.client_id = None,
            Self::UpstreamClientSecret => record.upstream.secret = None,
        }
    }
}

/// What is changed about a client. A list that is given replaces the one that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// What is forgotten, before anything else is set.
    pub clear: Vec<Fact>,
    /// Name for people.
    pub name: Option<String>,
    /// The only authentication method that the client may use.
    pub auth_method: Option<String>,
    /// The only signature algorithm that the client may use.
    pub signing_alg: Option<Algorithm>,
    /// The algorithm of its ID tokens.
    pub id_token_signed_response_alg: Option<TokenAlgorithm>,
    /// Grants that it may use.
    pub grant_types: Vec<String>,
    /// Redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Where users may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Scopes that it may be granted.
    pub scopes: Vec<String>,
    /// Its certificates or public keys, PEM.
    pub certificate: Option<String>,
    /// Further ones beside those that are there, PEM.
    pub add_certificates: Vec<String>,
    /// Its JWK set, JSON.
    pub jwks: Option<String>,
    /// Where it publishes its JWK set.
    pub jwks_uri: Option<String>,
    /// Subjects of trusted issuers that it is known by.
    pub federated: Vec<FederatedSubject>,
    /// The issuer of the upstream that it uses.
    pub upstream: Option<String>,
    /// Its id there.
    pub upstream_client_id: Option<String>,
    /// Its secret there.
    pub upstream_client_secret: Option<Secret>,
    /// Properties of plug-ins, in their spelling, with their values; one without values is not touched.
    pub overrides: Vec<(&'static str, Vec<String>)>,
    /// Properties whose overrides are forgotten.
    pub drop_overrides: Vec<&'static str>,
    /// Whether it is enabled.
    pub enabled: Option<bool>,
    /// Whether it gets a new secret.
    pub new_secret: bool,
}

impl Change {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        let given = |(_, values): &(_, Vec<String>)| !values.is_empty();
        let overrides = self.overrides.iter().filter(|entry| given(entry)).cloned().collect();
        Self { overrides, ..self.clone() } == Self::default()
    }

    /// Puts what is given into the record, except a new secret.
    pub(super) fn apply(&self, record: &mut ClientRecord) {
        self.clear.iter().for_each(|fact| fact.clear(record));
        let put = |into: &mut Option<String>, given: &Option<String>| {
            if given.is_some() {
                into.clone_from(given);
            }
        };
        put(&mut record.name, &self.name);
        put(&mut record.auth_method, &self.auth_method);
        put(&mut record.signing_alg, &self.signing_alg.map(|algorithm| algorithm.name().to_owned()));
        put(&mut record.certificate, &self.certificate);
        put(&mut record.jwks, &self.jwks);
        put(&mut record.jwks_uri, &self.jwks_uri);
        put(&mut record.upstream.issuer, &self.upstream);
        put(&mut record.upstream.client_id, &self.upstream_client_id);
        if self.upstream_client_secret.is_some() {
            record.upstream.secret.clone_from(&self.upstream_client_secret);
        }
        let algorithm = &mut record.id_token_signed_response_alg;
        *algorithm = self.id_token_signed_response_alg.or(*algorithm);
        for further in &self.add_certificates {
            let known = record.certificate.take().map(|known| known + "\n").unwrap_or_default();
            record.certificate = Some(known + further);
        }
        let put = |into: &mut Vec<String>, given: &Vec<String>| {
            if !given.is_empty() {
                into.clone_from(given);
            }
        };
        put(&mut record.grant_types, &self.grant_types);
        put(&mut record.redirect_uris, &self.redirect_uris);
        put(&mut record.post_logout_redirect_uris, &self.post_logout_redirect_uris);
        put(&mut record.scopes, &self.scopes);
        if !self.federated.is_empty() {
            record.federated.clone_from(&self.federated);
        }
        record.overrides.retain(|(property, _)| !self.drop_overrides.iter().any(|dropped| dropped == property));
        for (property, values) in self.overrides.iter().filter(|(_, values)| !values.is_empty()) {
            record.overrides.retain(|(other, _)| other != property);
            record.overrides.push(((*property).to_owned(), values.clone()));
        }
        record.enabled = self.enabled.unwrap_or(record.enabled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_stays_and_what_is_cleared_goes() {
        let mut record = ClientRecord {
            name: Some("a".to_owned()),
            jwks_uri: Some("https://c.example/".to_owned()),
            scopes: vec!["s".to_owned()],
            overrides: vec![("Profile".to_owned(), vec!["fapi2".to_owned()])],
            enabled: true,
            ..ClientRecord::default()
        };
        let before = record.clone();
        assert!(Change::default().is_empty());
        Change::default().apply(&mut record);
        assert_eq!(record, before);
        let change = Change {
            clear: vec![Fact::JwksUri],
            name: Some("b".to_owned()),
            overrides: vec![("Profile", vec!["none".to_owned()]), ("AudienceMode", Vec::new())],
            enabled: Some(false),
            add_certificates: vec!["1".to_owned(), "2".to_owned()],
            ..Change::default()
        };
        assert!(!change.is_empty());
        change.apply(&mut record);
        assert_eq!((record.name.as_deref(), &record.jwks_uri, record.enabled), (Some("b"), &None, false));
        assert_eq!(record.overrides, [("Profile".to_owned(), vec!["none".to_owned()])]);
        assert_eq!((record.certificate.as_deref(), &record.scopes), (Some("1\n2"), &before.scopes));
    }

    #[test]
    fn an_override_without_a_value_changes_nothing() {
        assert!(Change { overrides: vec![("Profile", Vec::new())], ..Change::default() }.is_empty());
    }
}
