//! The clients of a home, as every verb opens them.
//!
//! A client of the file is never changed, and no record is stored that the configuration would refuse.

use std::sync::Arc;

use dropins_host::services::{Clock as _, SystemClock};

use crate::args::HomeArgs;
use dropins_config::home::Home;
use dropins_config::{Deployment, LoadedHome, ServiceProvider};
use dropins_oauth::clients::{Lint, Sources, StoredClients, lint};
use dropins_server::live::{open_database, stored_clients};
use dropins_store::clients::ClientRecord;

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
        self.deployment.service_providers.iter().find(|client| client.client_id == client_id)
    }

    /// The client of the database, to be changed.
    pub(super) async fn stored(&self, client_id: &str) -> anyhow::Result<ClientRecord> {
        if let Some(record) = self.stored.store().find(client_id).await? {
            return Ok(record);
        }
        match self.declared(client_id) {
            Some(_) => anyhow::bail!(
                "the client `{client_id}` stands in {}; change it there; SIGHUP makes a running server read it again",
                self.home.deployment_toml().display()
            ),
            None => anyhow::bail!("there is no client `{client_id}`; `dropins client list` shows all of them"),
        }
    }

    /// Refuses a record that the configuration would refuse; returns the warnings.
    pub(super) fn check(&self, record: &ClientRecord) -> anyhow::Result<Vec<String>> {
        let jwks = self.deployment.oauth.jwks_endpoint.fetch_settings();
        let Lint { faults, warnings } = lint(record, &jwks, SystemClock.now_seconds());
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        anyhow::ensure!(faults.is_empty(), "the client `{}` is refused: {}", record.client_id, faults.join("; "));
        Ok(warnings)
    }
}
