//! Everything that follows from `deployment.toml` and the plug-in folder, as one immutable value.
//!
//! It is built as a whole or refused with every problem at its place in the file; a request sees one of them
//! from its beginning to its end.

mod listeners;
mod plugins;
mod report;

use std::sync::Arc;

use dropins_host::services::{Clock, ReplayStore, Services};
use dropins_host::{Engine, Generation};

use self::listeners::{host_listener, is_authenticator};
pub use self::report::LiveError;
use self::report::Report;
use crate::canary::Canary;
use crate::clients::{Directory, Sources, StoredClients, declared};
use crate::config::{Deployment, Listener};
use crate::database::Database;
use crate::endpoints::Endpoints;
use crate::home::Home;
use crate::reload::Snapshot;

/// What serves requests until the configuration changes.
pub struct Live {
    /// The configuration.
    pub deployment: Deployment,
    /// The public URLs.
    pub endpoints: Endpoints,
    /// The clients.
    pub clients: Arc<Directory>,
    /// The authenticators.
    pub generation: Generation,
    /// What it was built with.
    pub parts: Parts,
    /// What an operator should know although everything works: one line each.
    pub warnings: Vec<String>,
}

/// What a configuration is built with; it outlives a change that does not concern it.
#[derive(Clone)]
pub struct Parts {
    /// The home folder.
    pub home: Home,
    /// The WebAssembly engine.
    pub engine: Engine,
    /// Used assertions.
    pub replay: Arc<dyn ReplayStore>,
    /// The identity database.
    pub database: Database,
    /// The clients in it.
    pub stored: Arc<StoredClients>,
    /// Keys that are kept elsewhere than in a registration.
    pub sources: Sources,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Live {
    /// Builds what the snapshot describes; no file of it is opened again.
    ///
    /// # Errors
    /// [`LiveError`] with every problem that was found.
    pub async fn build(snapshot: &Snapshot, parts: Parts, number: u64) -> Result<Self, LiveError> {
        let deployment = snapshot.deployment.clone();
        let mut report = Report::new(Arc::clone(&deployment.source));
        let now = parts.clock.now_seconds();
        let declared = declared::read(&deployment, &snapshot.key_files, &parts.sources.keystores, now);
        declared.problems.into_iter().for_each(|problem| report.problems.push(problem));
        report.warnings.extend(declared.warnings);
        let clients = Arc::new(Directory::new(declared.clients, Arc::clone(&parts.stored), parts.sources.external()));
        report.clashes(&clients).await;
        report.registration(&deployment);
        let plugins = plugins::read(snapshot, &parts, &mut report).await;

        let enabled: Vec<(&Listener, dropins_host::Listener)> = deployment
            .listeners
            .iter()
            .filter(|listener| listener.enabled && is_authenticator(listener))
            .map(|listener| (listener, host_listener(listener, &deployment, &plugins)))
            .collect();
        let services = Services {
            clients: Arc::clone(&clients) as _,
            keys: Arc::clone(&clients) as _,
            replay: Arc::clone(&parts.replay),
            clock: Arc::clone(&parts.clock),
        };
        let listeners: Vec<_> = enabled.iter().map(|(_, listener)| listener.clone()).collect();
        let assembled = Generation::assemble(&parts.engine, services, &Canary, number, &listeners, &plugins).await;
        let generation = match assembled {
            Ok(generation) => {
                plugins::check_overrides(&deployment, &parts, &generation, &plugins, &mut report).await;
                Some(generation)
            }
            Err(errors) => {
                errors.iter().for_each(|error| report.bind(error, &enabled));
                None
            }
        };
        match generation {
            Some(generation) if !report.problems.has_errors() => {
                report.generation(&generation);
                // A damaged file that nobody uses must not stop the others.
                report.warnings.append(&mut report.plugins);
                let endpoints = Endpoints::of(&deployment);
                Ok(Self { endpoints, clients, generation, parts, warnings: report.warnings, deployment })
            }
            _ => Err(report.refused()),
        }
    }
}

impl Live {
    /// Requests that began on it and have not finished.
    pub fn in_flight(&self) -> u64 {
        u64::try_from(self.generation.in_flight()).unwrap_or(u64::MAX)
    }
}
