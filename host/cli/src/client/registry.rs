//! The clients of a home, as every verb opens them.
//!
//! A client of the file is never changed, and no record is stored that the configuration would reject.

use std::io::Write as _;
use std::sync::Arc;

use dropins_host::services::{Clock as _, SystemClock};
use reqwest::Method;

use super::facts::Facts;
use crate::admin;
use crate::args::HomeArgs;
use dropins_config::home::Home;
use dropins_config::{Deployment, Fault, LoadedHome, ServiceProvider};
use dropins_keys::keystore::CertificateStores;
use dropins_live::{open_database, stored_clients, upstream_lack};
use dropins_oauth::clients::{Lint, RegisteredClient, Sources, StoredClients, lint};
use dropins_protocol::ClientRecord;

/// A home with its clients: those of the file, and those of the database.
pub(super) struct Registry {
    pub(super) home: Home,
    pub(super) deployment: Deployment,
    pub(super) stored: Arc<StoredClients>,
}

impl Registry {
    pub(super) async fn open(home: &HomeArgs) -> anyhow::Result<Self> {
        let LoadedHome { home, deployment, .. } = LoadedHome::read(&home.home(), &home.properties)?;
        let stored = stored_clients(&open_database(&home, &deployment).await?, Arc::new(SystemClock));
        Ok(Self { home, deployment, stored })
    }

    /// The sources of keys outside of registrations; only verbs that show keys open them.
    pub(super) fn sources(&self) -> anyhow::Result<Sources> {
        Ok(Sources::open(&self.deployment, &self.home, Arc::new(SystemClock))?)
    }

    /// The entry of the file.
    pub(super) fn declared(&self, client_id: &str) -> Option<&ServiceProvider> {
        self.deployment.service_providers.iter().find(|client| client.record.client_id == client_id)
    }

    /// The client of the database, to be changed.
    pub(super) async fn stored(&self, client_id: &str) -> anyhow::Result<ClientRecord> {
        if let Some(record) = self.stored.store().find(client_id).await? {
            return Ok(record);
        }
        match self.declared(client_id) {
            Some(_) => anyhow::bail!(
                "the client `{client_id}` is in {}; change it there; SIGHUP makes a running server read it again",
                self.home.deployment_toml().display()
            ),
            None => anyhow::bail!("there is no client `{client_id}`; `dropins client list` shows all of them"),
        }
    }

    /// Has a running server see a change now. Other nodes, and a server that cannot be told, see it within 2 s.
    pub(super) async fn announce(&self, home: &HomeArgs) -> anyhow::Result<()> {
        if let Err(error) = admin::ask_if_running::<()>(home, Method::POST, "/clients/refresh").await {
            writeln!(std::io::stderr(), "warning: the running server sees this within 2 s: {error}")?;
        }
        Ok(())
    }

    /// Rejects a record that the configuration would reject; returns the warnings.
    pub(super) async fn check(&self, record: &ClientRecord, facts: &Facts) -> anyhow::Result<Vec<String>> {
        let jwks = self.deployment.oauth.jwks_endpoint.fetch_settings();
        let keyless = RegisteredClient::of_record(record.clone(), 0).0.needs_keystore();
        let keystores = if keyless { self.sources()?.keystores } else { Arc::default() };
        let Lint { faults, warnings } = lint(record, &jwks, &keystores, SystemClock.now_seconds());
        let say = |fault: &Fault| match facts.file(fault.field) {
            Some(file) => format!("{}: {}: {}", fault.field, file.display(), fault.message),
            None => fault.to_string(),
        };
        let faults: Vec<_> = faults.iter().map(say).collect();
        anyhow::ensure!(faults.is_empty(), "the client `{}` is rejected: {}", record.client_id, faults.join("; "));
        if matches!(keystores.find(&record.client_id), Ok(Some(_))) {
            self.check_alias(&record.client_id, &keystores).await?;
        }
        let lack = upstream_lack(&self.deployment, record);
        Ok(warnings.iter().map(say).chain(lack).collect())
    }

    /// Rejects a client that would share a keystore entry with one whose id differs in case alone.
    async fn check_alias(&self, client_id: &str, keystores: &CertificateStores) -> anyhow::Result<()> {
        let alike = |other: &str| other != client_id && other.eq_ignore_ascii_case(client_id);
        let declared = self.deployment.service_providers.iter().map(|entry| entry.record.client_id.clone());
        let mut ids: Vec<_> = declared.filter(|other| alike(other)).chain([client_id.to_owned()]).collect();
        let mut after = String::new();
        loop {
            let page = self.stored.page(&after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.registration.id);
            let keyless = page.iter().filter(|client| client.needs_keystore());
            ids.extend(keyless.map(|client| client.registration.id.clone()).filter(|other| alike(other)));
        }
        match keystores.clients_sharing_alias(ids.iter().map(String::as_str)).first() {
            Some(shared) => anyhow::bail!("{shared}"),
            None => Ok(()),
        }
    }
}
