//! Everything that follows from `deployment.toml` and the plug-in folder, as one immutable value.
//!
//! It is built as a whole or refused with every problem at its place in the file; a request sees one of them
//! from its beginning to its end.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use dropins_host::services::{Clock, Registration, ReplayStore, Services};
use dropins_host::{BindError, Binding, Candidate, Engine, Generation, Validated, read_folder};
use dropins_keys::{KeyInput, KeySet, StaticKeySource};

use crate::clients::{Clients, RegisteredClient};
use crate::config::{
    ClientSecret, Code, Deployment, KeyFiles, Listener, PluginSelector, Problem, Problems, ServiceProvider,
};
use crate::endpoints::Endpoints;
use crate::home::Home;
use crate::secret_hash::SecretHash;

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
    pub clients: Arc<Clients>,
    /// The authenticators.
    pub generation: Generation,
    /// What an operator should know although everything works: one line each.
    pub warnings: Vec<String>,
}

/// What outlives a change of configuration.
#[derive(Clone)]
pub struct Parts {
    /// The home folder.
    pub home: Home,
    /// The WebAssembly engine.
    pub engine: Engine,
    /// Used assertions.
    pub replay: Arc<dyn ReplayStore>,
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
    /// Builds what the deployment describes.
    ///
    /// # Errors
    /// [`LiveError`] with every problem that was found.
    pub async fn build(deployment: Deployment, parts: &Parts, number: u64) -> Result<Self, LiveError> {
        let problems = Problems::new(Arc::clone(&deployment.source));
        let mut report = Report { problems, plugins: Vec::new(), warnings: Vec::new() };
        let now = parts.clock.now_seconds();
        let keys = read_keys(&deployment, &parts.home, now, &mut report);
        let clients: Arc<Clients> = Arc::new(read_clients(&deployment, &mut report));
        let plugins = read_plugins(parts, &mut report).await;

        let enabled: Vec<(&Listener, dropins_host::Listener)> = deployment
            .listeners
            .iter()
            .filter(|listener| listener.enabled && is_authenticator(listener))
            .map(|listener| (listener, host_listener(listener, &deployment, &plugins)))
            .collect();
        let services = Services {
            clients: Arc::clone(&clients) as _,
            keys: Arc::new(StaticKeySource::new(keys)),
            replay: Arc::clone(&parts.replay),
            clock: Arc::clone(&parts.clock),
        };
        let listeners: Vec<_> = enabled.iter().map(|(_, listener)| listener.clone()).collect();
        let assembled = Generation::assemble(&parts.engine, services, number, &listeners, &plugins).await;
        let generation = match assembled {
            Ok(generation) => {
                check_overrides(&deployment, parts, &generation, &plugins, &mut report).await;
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
                Ok(Self { endpoints, clients, generation, warnings: report.warnings, deployment })
            }
            _ => Err(LiveError { problems: report.problems, plugins: report.plugins }),
        }
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
    let judges_assertions = plugins.iter().any(|plugin| {
        let bound = match &binding {
            Binding::Name(name) => plugin.description().answers_to(name),
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
    }
}

async fn read_plugins(parts: &Parts, report: &mut Report) -> Vec<Validated> {
    let folder = parts.home.dropins();
    let found = match read_folder(&folder, parts.engine.limits().component_size) {
        Ok(found) => found,
        Err(error) => {
            report.plugins.push(format!("the plug-in folder {} cannot be read: {error}", folder.display()));
            return Vec::new();
        }
    };
    let mut plugins = Vec::new();
    for candidate in found {
        match validate(candidate, &parts.engine).await {
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

fn read_keys(deployment: &Deployment, home: &Home, now: u64, report: &mut Report) -> HashMap<String, Arc<KeySet>> {
    let files = match deployment.read_key_files(&home.conf()) {
        Ok(files) => files,
        Err(problems) => {
            problems.iter().for_each(|problem| report.problems.push(problem.clone()));
            KeyFiles::default()
        }
    };
    let mut keys = HashMap::new();
    for client in deployment.service_providers.iter().filter(|client| client.enabled) {
        let certificate = files.certificates.get(&client.client_id).map(|text| text.as_bytes());
        let jwks = files.jwks.get(&client.client_id).map(|text| text.as_bytes());
        let inputs: Vec<_> = certificate
            .map(|bytes| KeyInput::Certificate { name: None, bytes })
            .into_iter()
            .chain(jwks.map(|text| KeyInput::Jwks { name: None, text }))
            .collect();
        let (set, findings) = KeySet::read(&inputs, i64::try_from(now).unwrap_or(i64::MAX));
        for finding in findings {
            let material = if finding.source.starts_with("jwks") { &client.jwks } else { &client.certificate };
            let span = material.as_ref().map_or_else(|| client.span.clone(), crate::config::Material::span);
            let message = format!("client `{}`: {finding}", client.client_id);
            match finding.severity {
                dropins_keys::Severity::Error => report.error(Code::BadValue, span, "service_provider", message),
                dropins_keys::Severity::Warning => report.warnings.push(message),
            }
        }
        if set.keys().is_empty() && wants_keys(client) {
            report.warnings.push(format!(
                "client `{}` has no usable key: register a certificate or a JWK set, or it cannot authenticate",
                client.client_id
            ));
        }
        keys.insert(client.client_id.clone(), Arc::new(set));
    }
    keys
}

fn wants_keys(client: &ServiceProvider) -> bool {
    match client.auth_method.as_deref() {
        Some(method) => method == ASSERTION_METHOD,
        None => client.secret.is_none(),
    }
}

fn read_clients(deployment: &Deployment, report: &mut Report) -> Clients {
    let mut clients = Vec::new();
    for client in deployment.service_providers.iter().filter(|client| client.enabled) {
        let secret = match &client.secret {
            None => None,
            Some(ClientSecret::Plain(secret)) => {
                SecretHash::of(secret.expose()).map_err(|error| error.to_string()).ok()
            }
            Some(ClientSecret::Hash(hash)) => match SecretHash::parse(hash.expose()) {
                Ok(hash) => Some(hash),
                Err(error) => {
                    let message = format!("client_secret_hash of the client `{}`: {error}", client.client_id);
                    report.error(Code::BadValue, client.span.clone(), "service_provider.client_secret_hash", message);
                    None
                }
            },
        };
        clients.push(RegisteredClient {
            registration: Registration {
                id: client.client_id.clone(),
                auth_method: client.auth_method.clone(),
                signing_alg: client.signing_alg.clone(),
                settings: settings(client),
            },
            name: client.client_name.clone(),
            grant_types: client.grant_types.clone(),
            scopes: client.scopes.clone(),
            secret,
        });
    }
    clients.into_iter().collect()
}

/// A client's overrides, one pair per value.
fn settings(client: &ServiceProvider) -> Vec<(String, String)> {
    let values = |(name, values): &(String, Vec<String>)| {
        values.iter().map(|value| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    client.overrides.iter().flat_map(values).collect()
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
        let overrides = settings(client);
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
