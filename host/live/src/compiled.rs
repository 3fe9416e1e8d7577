//! A snapshot whose components are compiled: the only phase that takes the compiler, and with it seconds.
//!
//! What no enabled entry names is not compiled. It is looked at, so that a corrupt file is reported.

use std::sync::Arc;

use dropins_host::{Candidate, CandidateRefusal, Counters, Digest, Engine, PluginId, Validated, named_candidates};
use futures_util::future::BoxFuture;

use super::listeners;
use super::resources::Resources;
use super::restart::PendingRestart;
use super::snapshot::Snapshot;

/// What a release is built from.
pub struct Compiled {
    /// The files.
    pub snapshot: Arc<Snapshot>,
    /// What outlives a release.
    pub resources: Resources,
    /// The sections that wait for a restart.
    pub held: Vec<PendingRestart>,
    /// The components.
    pub plugins: Plugins,
    /// The counters of the components that served before.
    pub counters: Vec<(PluginId, Arc<Counters>)>,
}

/// The components of the plug-in folder.
#[derive(Default)]
pub struct Plugins {
    /// What enabled entries name.
    pub validated: Vec<Validated>,
    /// What no enabled entry names.
    pub inactive: Vec<Inactive>,
    /// What cannot be used, one sentence each.
    pub problems: Vec<String>,
    /// Whether one of them can be used later although it does not change.
    pub is_transient: bool,
    /// Whether the compiler failed, not the component: it took too long, or is occupied.
    pub is_uncompiled: bool,
}

/// A component that no enabled entry names.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Inactive {
    /// Its name, as far as it can be told without compiling it.
    pub name: Option<String>,
    /// Its file.
    pub file: String,
    /// Its digest.
    pub digest: Digest,
}

impl Inactive {
    pub(super) fn warning(&self) -> String {
        let name = self.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{}{name} is in the dropins folder, but no enabled listener names it", self.file)
    }
}

impl Compiled {
    /// Compiles what the snapshot needs; `held` are the sections of its file that wait for a restart.
    pub fn of(snapshot: Snapshot, resources: Resources, held: Vec<PendingRestart>) -> BoxFuture<'static, Self> {
        Box::pin(async move {
            let plugins = Plugins::of(&snapshot, &resources).await;
            Self { snapshot: Arc::new(snapshot), resources, held, plugins, counters: Vec::new() }
        })
    }
}

impl Plugins {
    async fn of(snapshot: &Snapshot, resources: &Resources) -> Self {
        let (folder, mut plugins) = (resources.home.dropins(), Self::default());
        let found = match &snapshot.plugins {
            Ok(found) => found,
            Err(error) => {
                plugins.is_transient = true;
                plugins.problems.push(format!("the plug-in folder {} cannot be read: {error}", folder.display()));
                return plugins;
            }
        };
        let needed = needed(snapshot);
        for candidate in found {
            let refused = match candidate {
                Ok(candidate) if needed.contains(&candidate.file()) => {
                    match candidate.clone().validate(&resources.engine).await {
                        Ok(plugin) => {
                            plugins.validated.push(plugin);
                            continue;
                        }
                        Err(error) => error,
                    }
                }
                Ok(candidate) => {
                    let (name, file) = (candidate.names().into_iter().next(), candidate.file().to_owned());
                    plugins.inactive.push(Inactive { name, file, digest: candidate.digest() });
                    match candidate.contract() {
                        Ok(_) => continue,
                        Err(error) => error,
                    }
                }
                Err(error) => error.clone(),
            };
            plugins.is_transient |= refused.reason.is_transient();
            plugins.is_uncompiled |= matches!(refused.reason, CandidateRefusal::Compiler(_));
            plugins.problems.push(format!("{}/{refused}", folder.display()));
        }
        plugins
    }
}

/// The files that the compiler has not seen lately, of those that enabled entries name.
pub fn uncompiled(snapshot: &Snapshot, engine: &Engine) -> Vec<String> {
    let needed = needed(snapshot);
    let candidates = snapshot.plugins.iter().flatten().flatten();
    let late = candidates.filter(|one| needed.contains(&one.file()) && !one.is_validated(engine));
    late.map(|candidate| candidate.file().to_owned()).collect()
}

/// The files that enabled entries name.
fn needed(snapshot: &Snapshot) -> Vec<&str> {
    let entries: Vec<_> = listeners::enabled(&snapshot.deployment).into_iter().map(|(_, entry)| entry).collect();
    let candidates = snapshot.plugins.iter().flatten().flatten();
    candidates
        .filter(|one| !named_candidates(&entries, std::slice::from_ref(*one)).is_empty())
        .map(Candidate::file)
        .collect()
}
