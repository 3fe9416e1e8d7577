//! `dropins client`: the clients of the identity database.
//!
//! Each verb works on the database itself, so it does not matter whether the server runs; a running one sees a change
//! within seconds. Clients that `deployment.toml` declares are shown, and changed only there.

mod add;
mod document;
mod facts;
mod list;
mod remove;
mod show;
#[cfg(test)]
mod tests;
mod update;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use dropins_host::services::{Clock as _, SystemClock};

use crate::args::HomeArgs;
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_config::home::Home;
use dropins_config::{Deployment, ServiceProvider};
use dropins_oauth::clients::{Lint, Sources, StoredClients, lint};
use dropins_server::live::{open_database, stored_clients};
use dropins_store::clients::ClientRecord;

/// Register, look at, change and remove clients.
#[derive(Subcommand)]
pub(super) enum Client {
    Add(add::Add),
    List(list::List),
    Show(show::Show),
    Update(update::Update),
    Remove(remove::Remove),
}

impl Client {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(verb) => block_on(verb.run()),
            Self::List(verb) => block_on(verb.run()),
            Self::Show(verb) => block_on(verb.run()),
            Self::Update(verb) => block_on(verb.run()),
            Self::Remove(verb) => block_on(verb.run()),
        }
    }
}

/// Which client: as an argument, or as an option for ids that begin with a hyphen.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct ClientId {
    /// The client
    #[arg(value_name = "CLIENT_ID")]
    client_id: Option<String>,
    /// The same as an option
    #[arg(long = "client-id", value_name = "CLIENT_ID")]
    named: Option<String>,
}

impl ClientId {
    fn get(&self) -> &str {
        self.client_id.as_deref().or(self.named.as_deref()).unwrap_or_default()
    }
}

/// A home with its clients: those of the file, and those of the database.
struct Registry {
    home: Home,
    deployment: Deployment,
    stored: Arc<StoredClients>,
}

impl Registry {
    async fn open(home: &HomeArgs) -> anyhow::Result<Self> {
        let LoadedHome { home, deployment, .. } = LoadedHome::read(&home.home(), &home.properties)?;
        let stored = stored_clients(&open_database(&home, &deployment).await?, Arc::new(SystemClock));
        Ok(Self { home, deployment, stored })
    }

    /// The sources of keys outside of registrations; only verbs that show keys open them.
    fn sources(&self) -> anyhow::Result<Sources> {
        Ok(Sources::open(&self.deployment, &self.home, Arc::new(SystemClock))?)
    }

    /// The entry of the file.
    fn declared(&self, client_id: &str) -> Option<&ServiceProvider> {
        self.deployment.service_providers.iter().find(|client| client.client_id == client_id)
    }

    /// The client of the database, to be changed.
    async fn stored(&self, client_id: &str) -> anyhow::Result<ClientRecord> {
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
    fn check(&self, record: &ClientRecord) -> anyhow::Result<Vec<String>> {
        let jwks = self.deployment.oauth.jwks_endpoint.fetch_settings();
        let Lint { faults, warnings } = lint(record, &jwks, SystemClock.now_seconds());
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        anyhow::ensure!(faults.is_empty(), "the client `{}` is refused: {}", record.client_id, faults.join("; "));
        Ok(warnings)
    }
}
