//! The clients of a home, as every operation opens them.
//!
//! A client of the file is never changed, and no record is stored that the configuration would reject.

use std::sync::{Arc, OnceLock};

use dropins_config::{Deployment, Fault, Home, ServiceProvider, federated_named};
use dropins_keys::keystore::CertificateStores;
use dropins_live::{Live, stored_clients};
use dropins_oauth::clients::{Lint, RegisteredClient, SourceError, Sources, StoredClients, lint};
use dropins_protocol::ClientRecord;
use dropins_services::Clock;

use super::error::ClientsError;

/// A home with its clients: those of the file, and those of the database.
pub struct Registry {
    /// The home.
    pub home: Home,
    /// Its configuration.
    pub deployment: Deployment,
    /// The clients of the database.
    pub stored: Arc<StoredClients>,
    clock: Arc<dyn Clock>,
    /// Opened when they are needed first.
    sources: OnceLock<Sources>,
}

impl Registry {
    /// The clients of a home that was read, in this database.
    pub fn new(
        home: Home,
        deployment: Deployment,
        database: &dropins_database::Database,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let stored = stored_clients(database, Arc::clone(&clock));
        Self { home, deployment, stored, clock, sources: OnceLock::new() }
    }

    /// The clients of a running server, which sees a change at once.
    pub fn of_live(live: &Live) -> Self {
        let resources = &live.resources;
        Self {
            home: resources.home.clone(),
            deployment: live.deployment.clone(),
            stored: Arc::clone(&resources.stored),
            clock: Arc::clone(&resources.clock),
            sources: OnceLock::from(resources.sources.clone()),
        }
    }

    /// The sources of keys outside of registrations. Blocks on the disk when it is called first.
    ///
    /// # Errors
    /// [`SourceError`] says which of them cannot be opened.
    pub fn sources(&self) -> Result<&Sources, SourceError> {
        if let Some(sources) = self.sources.get() {
            return Ok(sources);
        }
        let opened = Sources::open(&self.deployment, &self.home, Arc::clone(&self.clock))?;
        Ok(self.sources.get_or_init(|| opened))
    }

    /// The entry of the file.
    pub fn declared(&self, client_id: &str) -> Option<&ServiceProvider> {
        self.deployment.service_providers.iter().find(|client| client.record.client_id == client_id)
    }

    /// The client of the database, to be changed.
    ///
    /// # Errors
    /// [`ClientsError::Declared`] and [`ClientsError::Unknown`] if it is not there.
    pub async fn stored(&self, client_id: &str) -> Result<ClientRecord, ClientsError> {
        if let Some(record) = self.stored.store().find(client_id).await? {
            return Ok(record);
        }
        let client_id = client_id.to_owned();
        Err(match self.declared(&client_id) {
            Some(_) => ClientsError::Declared { client_id, file: self.home.deployment_toml() },
            None => ClientsError::Unknown { client_id },
        })
    }

    /// Seconds since the Unix epoch.
    pub(super) fn now(&self) -> u64 {
        self.clock.now_seconds()
    }

    /// Rejects a record that the configuration would reject; returns the warnings.
    pub(super) async fn check(&self, record: &ClientRecord) -> Result<Vec<Fault>, ClientsError> {
        let Deployment { oauth, trusted_issuers, .. } = &self.deployment;
        let jwks = oauth.jwks_endpoint.fetch_settings();
        let keyless = RegisteredClient::of_record(record.clone(), 0).0.needs_keystore();
        let keystores = if keyless { Arc::clone(&self.sources()?.keystores) } else { Arc::default() };
        let Lint { faults, warnings } = lint(record, &jwks, trusted_issuers, &keystores, self.now());
        if !faults.is_empty() {
            return Err(ClientsError::Rejected { client_id: record.client_id.clone(), faults });
        }
        self.check_subjects(record)?;
        if matches!(keystores.find(&record.client_id), Ok(Some(_))) {
            self.check_alias(&record.client_id, &keystores).await?;
        }
        Ok(warnings)
    }

    /// Rejects a client with a subject of a client of the file.
    fn check_subjects(&self, record: &ClientRecord) -> Result<(), ClientsError> {
        let others =
            self.deployment.service_providers.iter().filter(|entry| entry.record.client_id != record.client_id);
        for entry in others {
            if let Some(pair) = entry.record.federated.iter().find(|pair| record.federated.contains(pair)) {
                let owner = entry.record.client_id.clone();
                return Err(ClientsError::SubjectTaken { owner, subject: pair.to_string() });
            }
        }
        Ok(())
    }

    /// The pairs with their issuers as the configuration calls them.
    pub(super) fn named(&self, record: &mut ClientRecord) {
        let issuers = &self.deployment.trusted_issuers;
        record.federated.iter_mut().for_each(|pair| *pair = federated_named(pair, issuers));
    }

    /// Rejects a client that would share a keystore entry with one whose id differs in case alone.
    async fn check_alias(&self, client_id: &str, keystores: &CertificateStores) -> Result<(), ClientsError> {
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
            Some(shared) => Err(ClientsError::SharedAlias(shared.to_string())),
            None => Ok(()),
        }
    }
}
