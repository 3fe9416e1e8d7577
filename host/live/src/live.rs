//! Everything that follows from `deployment.toml` and the plug-in folder, as one immutable value.
//!
//! It is built as a whole or rejected with every problem at its place in the file; a request sees one of them from its
//! beginning to its end.

use std::sync::Arc;

use dropins_config::{Deployment, Endpoints, KeyFiles};
use dropins_gateway::Gateway;
use dropins_host::Generation;
use dropins_oauth::clients::{Directory, TrustedIssuers, declared};
use dropins_services::Services;

use super::compiled::{Compiled, Inactive, Plugins};
use super::report::{LiveError, Report};
use super::resources::Resources;
use super::trials::Canary;
use super::{listeners, overrides, upstreams};

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
    /// The servers behind this one.
    pub gateway: Gateway,
    /// The components that no enabled listener names.
    pub inactive: Vec<Inactive>,
    /// What it was built with.
    pub resources: Resources,
    /// What an operator should know although everything works: one line each.
    pub warnings: Vec<String>,
}

impl Live {
    /// Builds what the snapshot describes; no file of it is opened again, and nothing is compiled.
    ///
    /// # Errors
    /// [`LiveError`] with every problem that was found.
    pub async fn build(compiled: Compiled, number: u64) -> Result<Self, LiveError> {
        let Compiled { snapshot, resources, plugins, counters, .. } = compiled;
        let deployment = snapshot.deployment.clone();
        let mut report = Report::new(Arc::clone(&deployment.source));
        let now = resources.clock.now_seconds();
        let declared = declared::read(&deployment, &snapshot.key_files, &resources.sources.keystores, now);
        declared.problems.into_iter().for_each(|problem| report.problems.push(problem));
        report.warnings.extend(declared.warnings);
        let (stored, sources) = (Arc::clone(&resources.stored), &resources.sources);
        let (none, usual) = (KeyFiles::default(), sources.fetcher.settings());
        let files = snapshot.key_files.as_ref().unwrap_or(&none);
        let (issuers, problems) = TrustedIssuers::open(&deployment, files, &sources.issuers, usual, now);
        problems.into_iter().for_each(|problem| report.problems.push(problem));
        let clients = Directory::new(declared.clients, stored, sources.external());
        let clients = Arc::new(clients.with_documents(sources.documents.clone()).trusting(issuers));
        report.clashes(&clients).await;
        report.registration(&deployment);
        let gateway = upstreams::build(&deployment, &snapshot.key_files, &resources.connections, &mut report);
        let Plugins { validated, inactive, problems, is_transient, .. } = plugins;
        (report.plugins, report.unread) = (problems, is_transient);
        let mut enabled = listeners::enabled(&deployment);
        listeners::complete(&mut enabled, &deployment, &validated);
        let services = Services {
            clients: Arc::clone(&clients) as _,
            keys: Arc::clone(&clients) as _,
            replay: Arc::clone(&resources.replay),
            clock: Arc::clone(&resources.clock),
        };
        let listeners: Vec<_> = enabled.iter().map(|(_, listener)| listener.clone()).collect();
        let assembled =
            Generation::assemble(&resources.engine, services, &Canary, number, &listeners, &validated).await;
        let generation = match assembled {
            Ok(mut generation) => {
                generation.keep_counting(&counters);
                overrides::check(&deployment, &generation, &validated, &mut report).await;
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
                report.issuers(&deployment, &generation);
                let named = |one: &&Inactive| listeners::names(&deployment, &one.file, one.name.as_deref());
                let unnamed = inactive.iter().filter(|one| !named(one));
                report.warnings.extend(unnamed.map(Inactive::warning));
                // A corrupt file that no listener names must not stop the others.
                report.warnings.append(&mut report.plugins);
                let endpoints = Endpoints::of(&deployment);
                Ok(Self {
                    endpoints,
                    clients,
                    generation,
                    gateway,
                    inactive,
                    resources,
                    warnings: report.warnings,
                    deployment,
                })
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
