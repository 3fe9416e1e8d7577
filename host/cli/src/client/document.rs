//! A client as it is shown, with the history of its keys.
//!
//! Registered keys and the ledger are put together: a key of the ledger that is not registered was published at the
//! JWKS URI, was in the keystore, or has been removed.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use dropins_host::services::{Clock as _, PublicKey as _, SystemClock};
use dropins_keys::remote::JwksUrl;
use dropins_keys::{Algorithm, ClientKey};
use serde::Serialize;
use serde_json::{Value, json};

use super::registry::Registry;
use crate::output::{say, say_json, say_table, say_warning, utc};
use dropins_oauth::clients::{NoDocument, RegisteredClient, Sources, declared};
use dropins_protocol::ClientRecord;
use dropins_protocol::Secret;

/// Where a client is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
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
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "deployment.toml",
            Self::Database => "database",
            Self::Hidden => "database (hidden by deployment.toml)",
            Self::Document => "the document at its id",
        }
    }
}

/// A client with its history.
pub(super) struct Client {
    client: Arc<RegisteredClient>,
    origin: Origin,
    overrides: Vec<(String, Vec<String>)>,
    /// When it was registered and last changed; the database knows.
    times: Option<(u64, u64)>,
    keys: Vec<Key>,
    /// Why it has no key at all.
    keyless: Option<String>,
}

#[derive(Default, Serialize)]
struct Key {
    thumbprint: String,
    kid: Option<String>,
    source: String,
    kind: Option<String>,
    algorithms: Vec<&'static str>,
    not_before: Option<i64>,
    not_after: Option<i64>,
    registered: bool,
    first_seen: Option<u64>,
    last_used: Option<u64>,
}

impl Client {
    pub(super) async fn of_record(registry: &Registry, record: ClientRecord) -> anyhow::Result<Self> {
        let hidden = registry.declared(&record.client_id).is_some();
        let origin = if hidden { Origin::Hidden } else { Origin::Database };
        let (overrides, times) = (record.overrides.clone(), Some((record.created_at, record.updated_at)));
        let (client, _) = RegisteredClient::of_record(record, SystemClock.now_seconds());
        Self::new(registry, &registry.sources()?, &Arc::new(client), origin, overrides, times).await
    }

    pub(super) async fn of_file(registry: &Registry, client_id: &str) -> anyhow::Result<Self> {
        let sources = registry.sources()?;
        let now = SystemClock.now_seconds();
        let files = registry.deployment.read_key_files(&registry.home.conf());
        let declared = declared::read(&registry.deployment, &files, &sources.keystores, now);
        let client = declared.clients.into_iter().find(|client| client.registration.id == client_id);
        let overrides = registry.declared(client_id).map(|client| client.record.overrides.clone()).unwrap_or_default();
        let client = Arc::new(client.context("the client is gone")?);
        Self::new(registry, &sources, &client, Origin::File, overrides, None).await
    }

    /// The client as its document describes it now.
    pub(super) async fn of_document(registry: &Registry, client_id: &str) -> anyhow::Result<Self> {
        let sources = registry.sources()?;
        let found = match &sources.documents {
            Some(documents) => documents.find(client_id).await,
            None => Err(NoDocument::Off),
        };
        let client = found.with_context(|| {
            format!("the client `{client_id}` is not registered, and no document at this URL describes it")
        })?;
        Self::new(registry, &sources, &client, Origin::Document, Vec::new(), None).await
    }

    async fn new(
        registry: &Registry,
        sources: &Sources,
        client: &Arc<RegisteredClient>,
        origin: Origin,
        overrides: Vec<(String, Vec<String>)>,
        times: Option<(u64, u64)>,
    ) -> anyhow::Result<Self> {
        let mut ledger = registry.stored.store().uses(&client.registration.id).await?;
        let mut keys = Vec::new();
        for key in current_keys(sources, client).await {
            let description = key.describe();
            let known = ledger.iter().position(|entry| entry.thumbprint == description.thumbprint);
            let known = known.map(|index| ledger.remove(index));
            keys.push(Key {
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
        keys.extend(ledger.into_iter().map(|entry| Key {
            thumbprint: entry.thumbprint,
            source: entry.source,
            first_seen: Some(entry.first_seen),
            last_used: entry.last_used,
            ..Key::default()
        }));
        let keyless = client.keyless(&sources.keystores);
        Ok(Self { client: Arc::clone(client), origin, overrides, times, keys, keyless })
    }

    /// The document for scripts; times in seconds since the Unix epoch.
    pub(super) fn to_json(&self, secret: Option<&Secret>, warnings: &[String]) -> Value {
        let client = &self.client;
        let overrides: serde_json::Map<_, _> =
            self.overrides.iter().map(|(property, values)| (property.clone(), json!(values))).collect();
        let mut document = json!({
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
            "upstream": client.upstream.issuer,
            "upstream_client_id": client.upstream.client_id,
            "has_upstream_client_secret": client.upstream.secret.is_some(),
            "overrides": overrides,
            "created_at": self.times.map(|(created, _)| created),
            "updated_at": self.times.map(|(_, updated)| updated),
            "keyless": self.keyless,
            "keys": self.keys,
            "warnings": warnings,
        });
        if let (Some(members), Some(secret)) = (document.as_object_mut(), secret) {
            members.insert("client_secret".to_owned(), secret.expose().into());
        }
        document
    }

    /// The same for people.
    pub(super) fn say(&self) -> anyhow::Result<()> {
        let client = &self.client;
        let any = |text: Option<&str>| text.unwrap_or("any").to_owned();
        let overrides = self.overrides.iter().map(|(property, values)| format!("{property} = {}", values.join(" ")));
        for (title, text) in [
            ("client id", client.registration.id.clone()),
            ("name", client.name.clone().unwrap_or_default()),
            ("registered in", self.origin.name().to_owned()),
            ("enabled", if client.enabled { "yes" } else { "no" }.to_owned()),
            ("auth method", any(client.registration.auth_method.as_deref())),
            ("signing alg", any(client.registration.signing_alg.as_deref())),
            ("ID token alg", client.id_token_signed_response_alg.to_string()),
            ("grant types", client.grant_types.join(" ")),
            ("redirect URIs", client.redirect_uris.join(" ")),
            ("after logout", client.post_logout_redirect_uris.join(" ")),
            ("scope", client.scopes.join(" ")),
            ("secret", client.secret.as_ref().map_or("", |_| "argon2id hash").to_owned()),
            ("upstream", client.upstream.issuer.clone().unwrap_or_default()),
            ("id there", client.upstream.client_id.clone().unwrap_or_default()),
            ("secret there", client.upstream.secret.as_ref().map_or("", |_| "sealed").to_owned()),
            ("overrides", overrides.collect::<Vec<_>>().join(", ")),
            ("JWKS URI", client.keys.jwks_uri().unwrap_or_default().to_owned()),
            ("created", self.times.map(|(created, _)| utc(created)).unwrap_or_default()),
            ("changed", self.times.map(|(_, updated)| utc(updated)).unwrap_or_default()),
        ] {
            if !text.is_empty() {
                say(format_args!("{title:<14} {text}"))?;
            }
        }
        self.keyless.iter().try_for_each(|lack| say(format_args!("{:<14} {lack}", "keys")))?;
        if self.keys.is_empty() {
            return Ok(());
        }
        say("")?;
        let rows: Vec<_> = self.keys.iter().map(Key::row).collect();
        say_table(&["KEY", "KID", "SOURCE", "KIND", "ALGORITHMS", "VALID UNTIL", "LAST USED"], &rows)
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

impl Key {
    fn row(&self) -> Vec<String> {
        let used = match (self.last_used, self.first_seen) {
            (Some(used), _) => utc(used),
            (None, Some(seen)) => format!("never since {}", utc(seen)),
            (None, None) => "never".to_owned(),
        };
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let source = if self.registered || self.source.starts_with("jwks_uri") || self.source.starts_with("keystore") {
            self.source.clone()
        } else {
            format!("{} (removed)", self.source)
        };
        vec![
            self.thumbprint.clone(),
            dash(self.kid.clone()),
            source,
            dash(self.kind.clone()),
            dash((!self.algorithms.is_empty()).then(|| self.algorithms.join(" "))),
            dash(self.not_after.and_then(|until| u64::try_from(until).ok()).map(utc)),
            used,
        ]
    }
}

/// Says what was `done` to a client, with its new secret, which cannot be shown again.
pub(super) async fn report(
    registry: &Registry,
    record: ClientRecord,
    done: &str,
    secret: Option<&Secret>,
    warnings: &[String],
    json: bool,
) -> anyhow::Result<ExitCode> {
    if json {
        say_json(&Client::of_record(registry, record).await?.to_json(secret, warnings))?;
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!("{done} the client {}", record.client_id))?;
    if let Some(secret) = secret {
        say(format_args!("client_secret {}\nit is not shown again: only its hash is kept", secret.expose()))?;
    }
    warnings.iter().try_for_each(say_warning)?;
    Ok(ExitCode::SUCCESS)
}
