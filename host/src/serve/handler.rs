//! A plug-in bound to a listener entry, with its breaker, counters and shadow.
//!
//! The component must be the one that the entry names and pins, accept its properties and pass the canary.

use std::sync::Arc;

use dropins_services::{Listener, UnixMillis};
use futures_util::future::BoxFuture;

use crate::contract::decision::PluginId;
use crate::contract::description::{Description, Problem, check_algorithms};
use crate::contract::reads::Reads;
use crate::load::binding::bound_plugins;
use crate::load::candidate::Validated;
use crate::run::breaker::{Breaker, BreakerState};
use crate::run::bulkhead::Bulkhead;
use crate::run::engine::Engine;
use crate::run::failure::Failure;
use crate::run::plugin::Configured;
use crate::serve::bind_error::BindError;
use crate::serve::counters::Counters;
use crate::shadow::error::ShadowError;
use crate::shadow::runner::Shadow;
use crate::trial::canary;
use crate::trial::failure::CanaryFailure;
use crate::trial::probe::{Probe, Subject};

/// A plug-in bound to a listener entry.
pub struct Handler {
    pub(crate) id: PluginId,
    pub(crate) reads: Arc<Reads>,
    pub(crate) configured: Box<dyn Configured>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) breaker: Breaker,
    pub(crate) bulkhead: Bulkhead,
    pub(crate) shadow: Option<Result<Arc<Shadow>, ShadowError>>,
    pub(crate) listener: Listener,
    pub(crate) file: String,
    pub(crate) description: Arc<Description>,
    pub(crate) algorithms: Vec<String>,
    warnings: Vec<String>,
}

impl Handler {
    /// Binds one of the plug-ins to one of the listener entries.
    pub(crate) async fn bind(
        engine: &Engine,
        probe: &dyn Probe,
        now: UnixMillis,
        listener: &Listener,
        listeners: &[Listener],
        plugins: &[Validated],
    ) -> Result<Self, BindError> {
        let plugin = choose(listener, listeners, plugins)?;
        if let Some(pinned) = listener.pin.filter(|pinned| *pinned != plugin.digest()) {
            return Err(BindError::Pin {
                listener: listener.id.clone(),
                pinned,
                file: plugin.file.clone(),
                found: plugin.digest(),
            });
        }
        let described = &plugin.described;
        let id = described.id();
        let refused = |failure| BindError::Canary {
            listener: listener.id.clone(),
            file: plugin.file.clone(),
            plugin: id.clone(),
            failure: Box::new(failure),
        };
        let report = described.plugin.check_config(&listener.properties).await;
        let report = report
            .map_err(|failure| refused(CanaryFailure::unanswered("its properties", "a verdict", &failure, None)))?;
        if !report.problems.is_empty() {
            return Err(BindError::Properties { listener: listener.id.clone(), problems: report.problems });
        }
        let named = check_algorithms(&report.algorithms);
        named.map_err(|error| refused(CanaryFailure::wrong("its algorithms", "a list of names", error)))?;
        let configured = Arc::clone(&described.plugin).configure(&listener.properties, listener.isolation);
        let subject = Subject {
            description: &described.description,
            algorithms: &report.algorithms,
            properties: &listener.properties,
        };
        let passed = canary::run(&*configured, &described.reads, &id, &subject, probe, now).await;
        passed.map_err(refused)?;
        let mut warnings = report.warnings;
        let shadow = match &listener.shadow {
            Some(file) => Some(Shadow::bind(file, listener, plugins).await.map(Arc::new)),
            None => None,
        };
        // A shadow that does not run must not stop the plug-in that serves.
        warnings.extend(shadow.iter().filter_map(|shadow| shadow.as_ref().err()).map(ToString::to_string));
        Ok(Self {
            reads: Arc::clone(&described.reads),
            configured,
            counters: Arc::default(),
            breaker: Breaker::new(id.clone()),
            bulkhead: engine.bulkhead(listeners.len()),
            shadow,
            listener: listener.clone(),
            file: plugin.file.clone(),
            description: Arc::clone(&described.description),
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

    /// The plug-in's description of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Warnings for the operator; the handler works nevertheless.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Its counts since its component first served.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether requests reach it.
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state(tokio::time::Instant::now())
    }

    /// Its shadow; the error says why the configured one does not run.
    pub fn shadow(&self) -> Option<Result<&Shadow, &ShadowError>> {
        self.shadow.as_ref().map(|shadow| shadow.as_deref())
    }

    /// Has the plug-in check these properties in place of the entry's, a client's overrides for example.
    ///
    /// # Errors
    /// The plug-in failed.
    pub fn check_properties<'a>(
        &'a self,
        plugins: &'a [Validated],
        properties: &'a [(String, String)],
    ) -> BoxFuture<'a, Result<Vec<Problem>, Failure>> {
        Box::pin(async move {
            let Some(plugin) = plugins.iter().find(|plugin| plugin.digest() == self.id.digest) else {
                return Ok(Vec::new());
            };
            Ok(plugin.described.plugin.check_config(properties).await?.problems)
        })
    }
}

/// The one plug-in that the entry means.
fn choose<'a>(
    listener: &Listener,
    listeners: &[Listener],
    plugins: &'a [Validated],
) -> Result<&'a Validated, BindError> {
    let shadows: Vec<&str> = listeners.iter().filter_map(|other| other.shadow.as_deref()).collect();
    match bound_plugins(&listener.binding, &shadows, plugins).as_slice() {
        [plugin] => Ok(plugin),
        [] => Err(BindError::NoPlugin {
            listener: listener.id.clone(),
            binding: listener.binding.clone(),
            present: match plugins {
                [] => "none".to_owned(),
                some => {
                    some.iter().map(|p| format!("{} ({})", p.description().name, p.file)).collect::<Vec<_>>().join(", ")
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
