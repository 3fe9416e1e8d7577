//! A plug-in bound to a listener entry, with everything that belongs to its work.
//!
//! Only a component that the entry names, that bears its pin, accepts its properties and passes the canary becomes one.

use std::sync::Arc;

use crate::api::{Configured, Failure};
use crate::bind_error::BindError;
use crate::breaker::{Breaker, BreakerState};
use crate::canary::{self, CanaryFailure, Probe, Subject};
use crate::candidate::Validated;
use crate::counters::Counters;
use crate::decision::PluginId;
use crate::engine::Engine;
use crate::plugin::{Description, Problem, check_algorithms};
use crate::request::Reads;
use crate::services::UnixMillis;
use crate::shadow::{Shadow, ShadowError};
use dropins_services::{Binding, Listener};

/// A plug-in bound to a listener entry.
pub struct Handler {
    pub(crate) id: PluginId,
    pub(crate) reads: Arc<Reads>,
    pub(crate) configured: Box<dyn Configured>,
    pub(crate) counters: Counters,
    pub(crate) breaker: Breaker,
    pub(crate) shadow: Option<Result<Arc<Shadow>, ShadowError>>,
    pub(crate) listener: Listener,
    pub(crate) file: String,
    pub(crate) description: Arc<Description>,
    pub(crate) algorithms: Vec<String>,
    warnings: Vec<String>,
}

impl Handler {
    /// Binds one of the plug-ins to a listener entry. A file that any entry of `listeners` has as its shadow answers
    /// to no name: it bears that of the plug-in which it is to replace.
    pub(crate) async fn bind(
        engine: &Engine,
        probe: &dyn Probe,
        now: UnixMillis,
        listener: &Listener,
        listeners: &[Listener],
        plugins: &[Validated],
    ) -> Result<Self, BindError> {
        let plugin = choose(listener, listeners, plugins)?;
        if let Some(pinned) = listener.pin.filter(|pinned| *pinned != plugin.digest) {
            return Err(BindError::Pin {
                listener: listener.id.clone(),
                pinned,
                file: plugin.file.clone(),
                found: plugin.digest,
            });
        }
        let id = PluginId { name: plugin.description.name.clone(), digest: plugin.digest };
        let refused = |failure| BindError::Canary {
            listener: listener.id.clone(),
            file: plugin.file.clone(),
            plugin: id.clone(),
            failure: Box::new(failure),
        };
        let report = plugin.plugin.check_config(engine, &listener.properties).await;
        let report =
            report.map_err(|failure| refused(CanaryFailure::unanswered("its properties", "a verdict", &failure)))?;
        if !report.problems.is_empty() {
            return Err(BindError::Properties { listener: listener.id.clone(), problems: report.problems });
        }
        let named = check_algorithms(&report.algorithms);
        named.map_err(|error| refused(CanaryFailure::wrong("its algorithms", "a list of names", error)))?;
        let configured = Arc::clone(&plugin.plugin).configure(&listener.properties, listener.isolation);
        let subject = Subject {
            description: &plugin.description,
            algorithms: &report.algorithms,
            properties: &listener.properties,
        };
        let passed = canary::run(engine, &*configured, &plugin.reads, &id, &subject, probe, now).await;
        passed.map_err(refused)?;
        let mut warnings = report.warnings;
        let shadow = match &listener.shadow {
            Some(file) => Some(Shadow::bind(engine, file, listener, plugins).await.map(Arc::new)),
            None => None,
        };
        // It must not stop the plug-in that serves.
        warnings.extend(shadow.iter().filter_map(|shadow| shadow.as_ref().err()).map(ToString::to_string));
        Ok(Self {
            reads: Arc::clone(&plugin.reads),
            configured,
            counters: Counters::default(),
            breaker: Breaker::new(id.clone()),
            shadow,
            listener: listener.clone(),
            file: plugin.file.clone(),
            description: Arc::clone(&plugin.description),
            algorithms: report.algorithms,
            warnings,
            id,
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

    /// What an operator should know although the handler works.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What it did since it was published.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether requests reach it.
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state(tokio::time::Instant::now())
    }

    /// The candidate that works beside it; the error says why the configured one does not.
    pub fn shadow(&self) -> Option<Result<&Shadow, &ShadowError>> {
        self.shadow.as_ref().map(|shadow| shadow.as_deref())
    }

    /// Has the plug-in check these properties in place of its own: a client's overrides, for example.
    ///
    /// # Errors
    /// The plug-in failed.
    pub async fn check_properties(
        &self,
        engine: &Engine,
        plugins: &[Validated],
        properties: &[(String, String)],
    ) -> Result<Vec<Problem>, Failure> {
        let Some(plugin) = plugins.iter().find(|plugin| plugin.digest == self.id.digest) else {
            return Ok(Vec::new());
        };
        Ok(plugin.plugin.check_config(engine, properties).await?.problems)
    }
}

fn choose<'a>(
    listener: &Listener,
    listeners: &[Listener],
    plugins: &'a [Validated],
) -> Result<&'a Validated, BindError> {
    let is_shadow = |plugin: &Validated| listeners.iter().any(|other| other.shadow.as_ref() == Some(&plugin.file));
    let answers = |plugin: &&Validated| match &listener.binding {
        Binding::Name(name) => plugin.description.answers_to(name) && !is_shadow(plugin),
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
