//! A client as it is shown, with the history of its keys.
//!
//! Registered keys and the ledger are put together: a key of the ledger that is not registered was published at the
//! JWKS URI, was in the keystore, or has been removed. Neither a secret nor its hash is part of it.

use std::sync::Arc;

use dropins_fetch::JwksUrl;
use dropins_keys::{Algorithm, ClientKey};
use dropins_oauth::clients::{NoDocument, RegisteredClient, Sources, declared, is_url};
use dropins_protocol::{ClientRecord, FederatedSubject};
use dropins_services::PublicKey as _;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};

use super::error::ClientsError;
use super::registry::Registry;

/// Where a client is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In `deployment.toml`.
    File,
    /// In the database.
    Database,
    /// In the database, without effect: the file declares one of the same id.
    Hidden,
    /// Nowhere: a document at the URL of its id describes it.
    Document,
}

impl Origin {
    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "deployment.toml",
            Self::Database => "database",
            Self::Hidden => "database (hidden by deployment.toml)",
            Self::Document => "the document at its id",
        }
    }
}

/// A client with its history.
pub struct ClientView {
    /// As it is registered.
    pub client: Arc<RegisteredClient>,
    /// Where.
    pub origin: Origin,
    /// Overrides of plug-in properties.
    pub overrides: Vec<(String, Vec<String>)>,
    /// Subjects of trusted issuers that it is known by.
    pub federated: Vec<SubjectView>,
    /// When it was registered and last changed, seconds since the Unix epoch; the database knows.
    pub times: Option<(u64, u64)>,
    /// Its keys.
    pub keys: Vec<KeyView>,
    /// Why it has no key at all.
    pub keyless: Option<String>,
}

/// A subject that the client is known by.
#[derive(Serialize)]
pub struct SubjectView {
    /// Issuer and subject.
    #[serde(flatten)]
    pub pair: FederatedSubject,
    /// Whether the issuer is trusted now.
    pub trusted: bool,
}

/// A key of a client, or one that it had.
#[derive(Default, Serialize)]
pub struct KeyView {
    /// SHA-256 thumbprint of the JWK (RFC 7638).
    pub thumbprint: String,
    /// Its `kid`.
    pub kid: Option<String>,
    /// Where it comes from: `certificate`, `jwks`, `jwks_uri` or `keystore`, with a name after a colon.
    pub source: String,
    /// Kind of key.
    pub kind: Option<String>,
    /// Signatures that it verifies.
    pub algorithms: Vec<&'static str>,
    /// Start of the certificate's validity, seconds since the Unix epoch.
    pub not_before: Option<i64>,
    /// Its end.
    pub not_after: Option<i64>,
    /// Whether it counts now.
    pub registered: bool,
    /// Since when it is known.
    pub first_seen: Option<u64>,
    /// When it last authenticated the client.
    pub last_used: Option<u64>,
}

impl KeyView {
    /// Where it comes from; says of a registered key that is gone that it was removed.
    pub fn shown_source(&self) -> String {
        if self.registered || self.source.starts_with("jwks_uri") || self.source.starts_with("keystore") {
            self.source.clone()
        } else {
            format!("{} (removed)", self.source)
        }
    }
}

impl ClientView {
    /// The client of this id, of the file or of the database; one that is in neither, and whose id is a URL, is fetched
    /// there, if `[oauth.client_id_metadata]` allows it.
    ///
    /// # Errors
    /// [`ClientsError`] if there is none, or it cannot be read.
    pub fn find<'a>(registry: &'a Registry, client_id: &'a str) -> BoxFuture<'a, Result<Self, ClientsError>> {
        Box::pin(async move {
            if registry.declared(client_id).is_some() {
                return Self::of_file(registry, client_id).await;
            }
            match registry.stored(client_id).await {
                Err(ClientsError::Unknown { .. }) if is_url(client_id) => Self::of_document(registry, client_id).await,
                record => Self::of_record(registry, record?).await,
            }
        })
    }

    /// A client of the database.
    ///
    /// # Errors
    /// [`ClientsError`] if a source of keys cannot be read.
    pub async fn of_record(registry: &Registry, record: ClientRecord) -> Result<Self, ClientsError> {
        let hidden = registry.declared(&record.client_id).is_some();
        let origin = if hidden { Origin::Hidden } else { Origin::Database };
        let (overrides, times) = (record.overrides.clone(), Some((record.created_at, record.updated_at)));
        let (client, _) = RegisteredClient::of_record(record, registry.now());
        Self::new(registry, registry.sources()?, Arc::new(client), origin, overrides, times).await
    }

    async fn of_file(registry: &Registry, client_id: &str) -> Result<Self, ClientsError> {
        let sources = registry.sources()?;
        let files = registry.deployment.read_key_files(&registry.home.conf());
        let declared = declared::read(&registry.deployment, &files, &sources.keystores, registry.now());
        let client = declared.clients.into_iter().find(|client| client.registration.id == client_id);
        let client = client.ok_or_else(|| ClientsError::Unknown { client_id: client_id.to_owned() })?;
        let overrides = registry.declared(client_id).map(|client| client.record.overrides.clone()).unwrap_or_default();
        Self::new(registry, sources, Arc::new(client), Origin::File, overrides, None).await
    }

    /// The client as its document describes it now.
    async fn of_document(registry: &Registry, client_id: &str) -> Result<Self, ClientsError> {
        let sources = registry.sources()?;
        let found = match &sources.documents {
            Some(documents) => documents.find(client_id).await,
            None => Err(NoDocument::Off),
        };
        let client = found.map_err(|lack| ClientsError::NoDocument { client_id: client_id.to_owned(), lack })?;
        Self::new(registry, sources, client, Origin::Document, Vec::new(), None).await
    }

    async fn new(
        registry: &Registry,
        sources: &Sources,
        client: Arc<RegisteredClient>,
        origin: Origin,
        overrides: Vec<(String, Vec<String>)>,
        times: Option<(u64, u64)>,
    ) -> Result<Self, ClientsError> {
        let mut ledger = registry.stored.store().uses(&client.registration.id).await?;
        let mut keys = Vec::new();
        for key in current_keys(sources, &client).await {
            let description = key.describe();
            let known = ledger.iter().position(|entry| entry.thumbprint == description.thumbprint);
            let known = known.map(|index| ledger.remove(index));
            keys.push(KeyView {
                thumbprint: description.thumbprint,
                kid: description.kid,
                source: description.source,
                kind: Some(key.kind().to_string()),
                algorithms: key.algorithms().map(Algorithm::name).collect(),
                not_before: description.not_before,
                not_after: description.not_after,
                registered: true,
                first_seen: known.as_ref().map(|entry| entry.first_seen),
                last_used: known.and_then(|entry| entry.last_used),
            });
        }
        keys.extend(ledger.into_iter().map(|entry| KeyView {
            thumbprint: entry.thumbprint,
            source: entry.source,
            first_seen: Some(entry.first_seen),
            last_used: entry.last_used,
            ..KeyView::default()
        }));
        let issuers = &registry.deployment.trusted_issuers;
        let trusted = |pair: &FederatedSubject| issuers.iter().any(|issuer| issuer.name == pair.issuer);
        let subject = |pair: &FederatedSubject| SubjectView { pair: pair.clone(), trusted: trusted(pair) };
        let federated = client.federated.iter().map(subject).collect();
        let keyless = client.keyless(&sources.keystores);
        Ok(Self { client, origin, overrides, federated, times, keys, keyless })
    }

    /// The document for scripts; times in seconds since the Unix epoch.
    pub fn to_json(&self, warnings: &[String]) -> Value {
        let client = &self.client;
        let overrides: serde_json::Map<_, _> =
            self.overrides.iter().map(|(property, values)| (property.clone(), json!(values))).collect();
        json!({
            "client_id": client.registration.id,
            "client_name": client.name,
            "origin": self.origin.name(),
            "enabled": client.enabled,
            "token_endpoint_auth_method": client.registration.auth_method,
            "token_endpoint_auth_signing_alg": client.registration.signing_alg,
            "id_token_signed_response_alg": client.id_token_signed_response_alg,
            "grant_types": client.grant_types,
            "redirect_uris": client.redirect_uris,
            "post_logout_redirect_uris": client.post_logout_redirect_uris,
            "scope": client.scopes.join(" "),
            "has_secret": client.secret.is_some(),
            "jwks_uri": client.keys.jwks_uri(),
            "federated": self.federated,
            "upstream": client.upstream.issuer,
            "upstream_client_id": client.upstream.client_id,
            "has_upstream_client_secret": client.upstream.secret.is_some(),
            "overrides": overrides,
            "created_at": self.times.map(|(created, _)| created),
            "updated_at": self.times.map(|(_, updated)| updated),
            "keyless": self.keyless,
            "keys": self.keys,
            "warnings": warnings,
        })
    }
}

/// The keys that count now, from all sources; those of a JWKS URI as they were last fetched, and those that a document
/// names as they are now.
async fn current_keys(sources: &Sources, client: &RegisteredClient) -> Vec<Arc<ClientKey>> {
    let mut keys = client.keys.own().to_vec();
    let (fetcher, is_described) = match (&sources.documents, &client.host) {
        (Some(documents), Some(_)) => (documents.sets(), true),
        _ => (&sources.fetcher, false),
    };
    if let Some(Ok(url)) = client.keys.jwks_uri().map(|uri| JwksUrl::parse(uri, fetcher.settings())) {
        let set = match is_described {
            true => fetcher.refresh(&url).await.ok().map(|refreshed| refreshed.set),
            false => fetcher.cached(&url).await,
        };
        keys.extend(set.iter().flat_map(|set| set.keys().keys().iter().cloned()));
    }
    if client.keys.in_keystore()
        && let Ok(Some(set)) = sources.keystores.find(&client.registration.id)
    {
        keys.extend_from_slice(set.keys());
    }
    keys
}
