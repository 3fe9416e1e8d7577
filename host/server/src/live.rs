//! Everything that follows from `deployment.toml` and the plug-in folder, as one immutable value.
//!
//! It is built as a whole or refused with every problem at its place in the file; a request sees one of them
//! from its beginning to its end.

use std::ops::Range;
use std::sync::Arc;

use dropins_host::services::{Clock, ReplayStore, Services};
use dropins_host::{BindError, Binding, Candidate, Engine, Generation, Validated};

use crate::canary::Canary;
use crate::clients::{Directory, Sources, StoredClients, declared, settings};
use crate::config::{Code, Deployment, Listener, PluginSelector, Problem, Problems};
use crate::database::Database;
use crate::endpoints::Endpoints;
use crate::home::Home;
use crate::reload::Snapshot;

/// The handler type of client authenticators; other event listeners of WSO2 have no meaning here.
const HANDLER_TYPE: &str = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler";

/// The method whose plug-ins take the clock skew of `[oauth]` when they have none of their own.
const ASSERTION_METHOD: &str = "private_key_jwt";
const CLOCK_SKEW: &str = "ClockSkewInSeconds";

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

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
pub struct LiveError {
    /// What is wrong in the configuration, or in what it names.
    pub problems: Problems,
    /// What is wrong in the plug-in folder, one sentence each.
    pub plugins: Vec<String>,
}

impl std::fmt::Display for LiveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plugins = self.plugins.iter().map(String::as_str);
        let problems = (!self.problems.is_empty()).then(|| self.problems.to_string());
        f.write_str(&plugins.map(str::to_owned).chain(problems).collect::<Vec<_>>().join("; "))
    }
}

impl Live {
    /// Builds what the snapshot describes; no file of it is opened again.
    ///
    /// # Errors
    /// [`LiveError`] with every problem that was found.
    pub async fn build(snapshot: &Snapshot, parts: Parts, number: u64) -> Result<Self, LiveError> {
        let deployment = snapshot.deployment.clone();
        let problems = Problems::new(Arc::clone(&deployment.source));
        let mut report = Report { problems, plugins: Vec::new(), warnings: Vec::new() };
        let now = parts.clock.now_seconds();
        let declared = declared::read(&deployment, &snapshot.key_files, &parts.sources.keystores, now);
        declared.problems.into_iter().for_each(|problem| report.problems.push(problem));
        report.warnings.extend(declared.warnings);
        let clients = Arc::new(Directory::new(declared.clients, Arc::clone(&parts.stored), parts.sources.external()));
        report.clashes(&clients).await;
        report.registration(&deployment);
        let plugins = read_plugins(snapshot, &parts, &mut report).await;

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
                check_overrides(&deployment, &parts, &generation, &plugins, &mut report).await;
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
            _ => Err(LiveError { problems: report.problems, plugins: report.plugins }),
        }
    }
}

impl Live {
    /// Requests that began on it and have not finished.
    pub fn in_flight(&self) -> u64 {
        u64::try_from(self.generation.in_flight()).unwrap_or(u64::MAX)
    }
}

/// What was found on the way.
struct Report {
    problems: Problems,
    plugins: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    fn error(&mut self, code: Code, span: Range<usize>, path: &str, message: impl AsRef<str>) {
        self.problems.push(Problem::new(code, span, path, message));
    }

    /// Puts a binding error where the configuration causes it.
    fn bind(&mut self, error: &BindError, enabled: &[(&Listener, dropins_host::Listener)]) {
        let at = |id: &str| enabled.iter().find(|(_, listener)| listener.id == id).map(|(entry, _)| *entry);
        let path = "event_listener";
        match error {
            BindError::Empty => self.problems.push(
                Problem::new(Code::Missing, 0..0, path, error.to_string())
                    .help("add an [[event_listener]] entry that names a plug-in of the dropins folder, or enable one"),
            ),
            BindError::NoPlugin { listener, .. } | BindError::Ambiguous { listener, .. } => {
                let span = at(listener).map_or(0..0, Listener::selector_span);
                let help = "`dropins plugin list` shows the plug-ins with the names that they answer to";
                self.problems.push(Problem::new(Code::BadValue, span, path, error.to_string()).help(help));
            }
            BindError::Properties { listener, problems } => {
                for problem in problems {
                    let span = at(listener).map_or(0..0, |entry| entry.property_span(&problem.property));
                    let path = format!("event_listener.properties.{}", problem.property);
                    self.error(Code::BadValue, span, &path, format!("{}: {}", problem.property, problem.message));
                }
            }
            BindError::SameName { second: listener, .. }
            | BindError::Pin { listener, .. }
            | BindError::Canary { listener, .. } => {
                let span = at(listener).map_or(0..0, |entry| entry.span.clone());
                self.error(Code::Conflict, span, path, error.to_string());
            }
        }
    }

    /// Clients that stand in the file and in the database.
    async fn clashes(&mut self, clients: &Directory) {
        match clients.clashes().await {
            Ok(clashes) => self.warnings.extend(clashes.iter().map(|client_id| {
                format!(
                    "client `{client_id}` stands in deployment.toml and in the database: the file wins; \
                     `dropins client remove {client_id}` removes the other one"
                )
            })),
            Err(error) => self.warnings.push(error.to_string()),
        }
    }

    fn registration(&mut self, deployment: &Deployment) {
        if deployment.oauth.registration.is_open() {
            let warning = "oauth.dcr.authentication_required is false: whoever reaches the server can register clients";
            self.warnings.push(warning.to_owned());
        }
    }

    fn generation(&mut self, generation: &Generation) {
        for handler in generation.handlers() {
            for warning in handler.warnings() {
                self.warnings.push(format!("listener `{}`: {warning}", handler.listener().id));
            }
        }
        for inactive in generation.inactive() {
            let (file, name) = (&inactive.file, &inactive.name);
            self.warnings.push(format!("{file} ({name}) is in the dropins folder, but no enabled listener names it"));
        }
    }
}

fn is_authenticator(listener: &Listener) -> bool {
    listener.handler_type.as_deref().is_none_or(|handler_type| handler_type == HANDLER_TYPE)
}

fn host_listener(listener: &Listener, deployment: &Deployment, plugins: &[Validated]) -> dropins_host::Listener {
    let binding = match &listener.plugin {
        PluginSelector::Name(name) => Binding::Name(name.clone()),
        PluginSelector::File(file) => Binding::File(file.clone()),
    };
    let mut properties: Vec<(String, String)> = listener
        .properties
        .iter()
        .flat_map(|property| property.values.iter().map(|value| (property.name.clone(), value.clone())))
        .collect();
    let is_shadow = |file| {
        let mut enabled = deployment.listeners.iter().filter(|other| other.enabled && is_authenticator(other));
        enabled.any(|other| other.shadow.as_deref() == Some(file))
    };
    let judges_assertions = plugins.iter().any(|plugin| {
        let bound = match &binding {
            Binding::Name(name) => plugin.description().answers_to(name) && !is_shadow(plugin.file()),
            Binding::File(file) => plugin.file() == file,
        };
        bound && plugin.description().methods.iter().any(|method| method == ASSERTION_METHOD)
    });
    if judges_assertions && !properties.iter().any(|(name, _)| name.eq_ignore_ascii_case(CLOCK_SKEW)) {
        properties.push((CLOCK_SKEW.to_owned(), deployment.oauth.timestamp_skew.as_secs().to_string()));
    }
    dropins_host::Listener {
        id: listener.id.clone().unwrap_or_else(|| match &binding {
            Binding::Name(name) | Binding::File(name) => name.clone(),
        }),
        binding,
        order: i64::from(listener.order),
        properties,
        pin: listener.digest.as_deref().and_then(|digest| digest.parse().ok()),
        isolation: listener.isolation,
        shadow: listener.shadow.clone(),
    }
}

async fn read_plugins(snapshot: &Snapshot, parts: &Parts, report: &mut Report) -> Vec<Validated> {
    let folder = parts.home.dropins();
    let found = match &snapshot.plugins {
        Ok(found) => found,
        Err(error) => {
            report.plugins.push(format!("the plug-in folder {} cannot be read: {error}", folder.display()));
            return Vec::new();
        }
    };
    let mut plugins = Vec::new();
    for candidate in found {
        match validate(candidate.clone(), &parts.engine).await {
            Ok(plugin) => plugins.push(plugin),
            Err(error) => report.plugins.push(format!("{}/{error}", folder.display())),
        }
    }
    plugins
}

async fn validate(
    candidate: Result<Candidate, dropins_host::CandidateError>,
    engine: &Engine,
) -> Result<Validated, dropins_host::CandidateError> {
    candidate?.validate(engine).await
}

/// A wrong override would refuse its client at run time; the plug-in can say so now.
async fn check_overrides(
    deployment: &Deployment,
    parts: &Parts,
    generation: &Generation,
    plugins: &[Validated],
    report: &mut Report,
) {
    let judges = |handler: &&dropins_host::Handler| {
        handler.description().methods.iter().any(|method| method == ASSERTION_METHOD)
    };
    let Some(handler) = generation.handlers().iter().find(judges) else { return };
    for client in deployment.service_providers.iter().filter(|client| !client.overrides.is_empty()) {
        let overrides = settings(&client.overrides);
        let kept = handler.listener().properties.iter();
        let kept = kept.filter(|(name, _)| !overrides.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        let properties: Vec<_> = kept.chain(&overrides).cloned().collect();
        match handler.check_properties(&parts.engine, plugins, &properties).await {
            Ok(problems) => problems.iter().for_each(|problem| {
                let message = format!("client `{}`: {}: {}", client.client_id, problem.property, problem.message);
                report.error(Code::BadValue, client.span.clone(), "service_provider", message);
            }),
            Err(failure) => report.error(Code::BadValue, client.span.clone(), "service_provider", failure),
        }
    }
}
