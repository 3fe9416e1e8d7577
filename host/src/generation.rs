//! A set of handlers that was proven before it may serve: `Validated -> Generation`.
//!
//! A generation is a pure function of the configuration and the components' bytes. It is assembled as a
//! whole or not at all, and never changes afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::api::Configured;
use crate::candidate::Validated;
use crate::decision::{FailureKind, PluginId};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::listener::{Binding, Listener};
use crate::plugin::{Description, Problem};
use crate::request::Reads;
use crate::services::Services;

/// The handlers that serve from one publish to the next.
pub struct Generation {
    engine: Engine,
    pub(crate) services: Arc<Services>,
    number: u64,
    handlers: Vec<Handler>,
    inactive: Vec<Inactive>,
}

/// A plug-in bound to a listener entry.
pub struct Handler {
    pub(crate) id: PluginId,
    pub(crate) reads: Arc<Reads>,
    pub(crate) configured: Box<dyn Configured>,
    pub(crate) counters: Counters,
    listener: Listener,
    file: String,
    description: Arc<Description>,
    algorithms: Vec<String>,
    warnings: Vec<String>,
}

/// A component in the folder that no listener entry names.
#[derive(Debug, Clone)]
pub struct Inactive {
    /// Its file.
    pub file: String,
    /// Its digest.
    pub digest: Digest,
    /// Its name.
    pub name: String,
}

/// What a handler did since it was published.
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) last_failure: std::sync::Mutex<Option<(FailureKind, String)>>,
}

impl Counters {
    /// Requests that it was asked about.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Traps, deadlines and memory refusals.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// The last failure.
    pub fn last_failure(&self) -> Option<(FailureKind, String)> {
        self.last_failure.lock().map_or(None, |last| last.clone())
    }

    pub(crate) fn failed(&self, kind: FailureKind, message: &str) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut last) = self.last_failure.lock() {
            *last = Some((kind, message.to_owned()));
        }
    }
}

/// Why a listener entry and the components do not make a handler.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No entry is enabled, so nobody could ever authenticate.
    #[error("no listener entry is enabled, so no client could ever authenticate")]
    Empty,
    /// No component answers to the entry.
    #[error("listener `{listener}` ({binding}) names no plug-in in the folder; present are: {present}")]
    NoPlugin {
        /// The entry's label.
        listener: String,
        /// What it asks for.
        binding: Binding,
        /// What there is.
        present: String,
    },
    /// Several components answer to the entry.
    #[error("listener `{listener}` ({binding}) names several plug-ins: {files}; remove one or bind by `file`")]
    Ambiguous {
        /// The entry's label.
        listener: String,
        /// What it asks for.
        binding: Binding,
        /// Who answers.
        files: String,
    },
    /// Two entries run plug-ins that claim one name.
    #[error("listeners `{first}` and `{second}` both run a plug-in named `{name}`")]
    SameName {
        /// The first entry.
        first: String,
        /// The second entry.
        second: String,
        /// The name.
        name: String,
    },
    /// The component is not the pinned one.
    #[error("listener `{listener}` pins {pinned}, but {file} is {found}")]
    Pin {
        /// The entry's label.
        listener: String,
        /// The digest that may run.
        pinned: Digest,
        /// The component's file.
        file: String,
        /// Its digest.
        found: Digest,
    },
    /// The plug-in refuses its properties.
    #[error("listener `{listener}`: {}", list(.problems))]
    Properties {
        /// The entry's label.
        listener: String,
        /// Every problem that the plug-in found.
        problems: Vec<Problem>,
    },
    /// The plug-in failed while it was tried out.
    #[error("listener `{listener}`: {file} was tried out and {failure}")]
    Canary {
        /// The entry's label.
        listener: String,
        /// The component's file.
        file: String,
        /// What happened.
        failure: String,
    },
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{}: {}", p.property, p.message)).collect::<Vec<_>>().join("; ")
}

impl Generation {
    /// Binds every listener entry to exactly one component, has it check its properties and tries it out.
    ///
    /// # Errors
    /// Every [`BindError`] that was found, not only the first.
    pub async fn assemble(
        engine: &Engine,
        services: Services,
        number: u64,
        listeners: &[Listener],
        plugins: &[Validated],
    ) -> Result<Self, Vec<BindError>> {
        let mut handlers: Vec<Handler> = Vec::new();
        let mut errors = Vec::new();
        if listeners.is_empty() {
            errors.push(BindError::Empty);
        }
        for listener in listeners {
            match Handler::bind(engine, listener, plugins).await {
                Ok(handler) => match handlers.iter().find(|other| other.id.name == handler.id.name) {
                    Some(other) => errors.push(BindError::SameName {
                        first: other.listener.id.clone(),
                        second: listener.id.clone(),
                        name: handler.id.name,
                    }),
                    None => handlers.push(handler),
                },
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        handlers.sort_by(|a, b| (a.listener.order, &a.id.name).cmp(&(b.listener.order, &b.id.name)));
        let bound = |plugin: &&Validated| !handlers.iter().any(|handler| handler.file == plugin.file);
        let inactive = plugins.iter().filter(bound).map(|plugin| Inactive {
            file: plugin.file.clone(),
            digest: plugin.digest,
            name: plugin.description.name.clone(),
        });
        Ok(Self {
            engine: engine.clone(),
            services: Arc::new(services),
            number,
            inactive: inactive.collect(),
            handlers,
        })
    }

    /// The engine that its plug-ins run in.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its number; later generations have higher ones.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The handlers in the order in which they are asked.
    pub fn handlers(&self) -> &[Handler] {
        &self.handlers
    }

    /// Components that no entry names.
    pub fn inactive(&self) -> &[Inactive] {
        &self.inactive
    }

    /// The client authentication methods that are enabled, for metadata (RFC 8414 section 2).
    pub fn methods(&self) -> Vec<String> {
        distinct(self.handlers.iter().flat_map(|handler| &handler.description.methods))
    }

    /// The signature algorithms that are enabled, for metadata (RFC 8414 section 2).
    pub fn algorithms(&self) -> Vec<String> {
        distinct(self.handlers.iter().flat_map(|handler| &handler.algorithms))
    }
}

fn distinct<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        if !all.contains(text) {
            all.push(text.clone());
        }
    }
    all
}

impl Handler {
    async fn bind(engine: &Engine, listener: &Listener, plugins: &[Validated]) -> Result<Self, BindError> {
        let plugin = choose(listener, plugins)?;
        if let Some(pinned) = listener.pin.filter(|pinned| *pinned != plugin.digest) {
            return Err(BindError::Pin {
                listener: listener.id.clone(),
                pinned,
                file: plugin.file.clone(),
                found: plugin.digest,
            });
        }
        let canary =
            |failure: String| BindError::Canary { listener: listener.id.clone(), file: plugin.file.clone(), failure };
        let report = plugin
            .plugin
            .check_config(engine, &listener.properties)
            .await
            .map_err(|failure| canary(failure.to_string()))?;
        if !report.problems.is_empty() {
            return Err(BindError::Properties { listener: listener.id.clone(), problems: report.problems });
        }
        let configured = Arc::clone(&plugin.plugin).configure(&listener.properties, listener.isolation);
        if claims_nothing(engine, &*configured, &plugin.reads).await.map_err(|failure| canary(failure.to_string()))? {
            return Err(canary("claims a request that carries no credential".to_owned()));
        }
        Ok(Self {
            id: PluginId { name: plugin.description.name.clone(), digest: plugin.digest },
            reads: Arc::clone(&plugin.reads),
            configured,
            counters: Counters::default(),
            listener: listener.clone(),
            file: plugin.file.clone(),
            description: Arc::clone(&plugin.description),
            algorithms: report.algorithms,
            warnings: report.warnings,
        })
    }

    /// The listener entry.
    pub fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Name and digest.
    pub fn id(&self) -> &PluginId {
        &self.id
    }

    /// The component's file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What the plug-in says about itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// What the plug-in had to say about its properties although they are good.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What it did since it was published.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Has the plug-in check these properties in place of its own: a client's overrides, for example.
    ///
    /// # Errors
    /// The plug-in failed; the text says how.
    pub async fn check_properties(
        &self,
        engine: &Engine,
        plugins: &[Validated],
        properties: &[(String, String)],
    ) -> Result<Vec<Problem>, String> {
        let Some(plugin) = plugins.iter().find(|plugin| plugin.digest == self.id.digest) else {
            return Ok(Vec::new());
        };
        let report = plugin.plugin.check_config(engine, properties).await.map_err(|failure| failure.to_string())?;
        Ok(report.problems)
    }
}

fn choose<'a>(listener: &Listener, plugins: &'a [Validated]) -> Result<&'a Validated, BindError> {
    let answers = |plugin: &&Validated| match &listener.binding {
        Binding::Name(name) => plugin.description.answers_to(name),
        Binding::File(file) => plugin.file == *file,
    };
    let found: Vec<_> = plugins.iter().filter(answers).collect();
    match found.as_slice() {
        [plugin] => Ok(plugin),
        [] => Err(BindError::NoPlugin {
            listener: listener.id.clone(),
            binding: listener.binding.clone(),
            present: match plugins {
                [] => "none".to_owned(),
                some => {
                    some.iter().map(|p| format!("{} ({})", p.description.name, p.file)).collect::<Vec<_>>().join(", ")
                }
            },
        }),
        several => Err(BindError::Ambiguous {
            listener: listener.id.clone(),
            binding: listener.binding.clone(),
            files: several.iter().map(|plugin| plugin.file.as_str()).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Whether the plug-in claims an empty request, which no authenticator may.
async fn claims_nothing(
    engine: &Engine,
    configured: &dyn Configured,
    reads: &Reads,
) -> Result<bool, crate::api::Failure> {
    let empty = crate::request::Request::default();
    let mut call = configured.begin(engine, None, reads, &empty, 0, false).await?;
    call.can_authenticate().await
}
