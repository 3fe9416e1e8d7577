//! `dropins plugin list`: what the running server runs; without one, what it would run.

use std::process::ExitCode;

use clap::Args;
use dropins_host::{Candidate, CandidateError, Digest, Engine, read_folder};
use reqwest::Method;
use serde::Serialize;

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{say_json, say_table};
use dropins_config::{Deployment, Home, Listener, LoadedHome, PluginSelector};
use dropins_live as live;
use dropins_operations::plugins::{names, shadows};
use dropins_operations::shown::short;
use dropins_server::admin::documents::{ShadowState, StatusDocument};

/// List the plug-ins with the listener entries that name them.
///
/// A running server tells which bytes serve requests, and how they fare; without one, the folder is read.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin list --home ./dropins-home")]
pub(crate) struct List {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// A component, in a folder or in a server.
#[derive(Default, Serialize)]
struct Entry {
    file: String,
    state: &'static str,
    order: Option<i64>,
    name: Option<String>,
    aliases: Vec<String>,
    version: Option<String>,
    digest: Option<Digest>,
    methods: Vec<String>,
    calls: Option<u64>,
    traps: Option<u64>,
    last_error: Option<String>,
    reason: Option<String>,
}

impl List {
    pub(super) async fn list(self) -> anyhow::Result<ExitCode> {
        let running: Option<StatusDocument> = admin::ask_if_running(&self.home, Method::GET, "/status").await?;
        let is_running = running.is_some();
        let entries = match running {
            Some(status) => serving(status, &self.home.home()),
            None => self.in_folder().await?,
        };
        if self.json {
            say_json(&entries)?;
        } else {
            let further: &[&str] = if is_running { &["CALLS", "TRAPS", "LAST ERROR"] } else { &["REASON"] };
            let titles = [&["STATE", "ORDER", "NAME", "VERSION", "DIGEST", "FILE"], further].concat();
            say_table(&titles, &entries.iter().map(|entry| entry.row(is_running)).collect::<Vec<_>>())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn in_folder(&self) -> anyhow::Result<Vec<Entry>> {
        let home = self.home.home();
        let deployment = LoadedHome::read(&home, &self.home.properties)?.deployment;
        let engine = Engine::new(deployment.limits.clone(), Some(&home.compile_cache()))?;
        let (mut entries, mut missing) = (Vec::new(), needing(&deployment));
        for candidate in read_folder(&home.dropins(), deployment.limits.component_size)? {
            let found = match candidate {
                Ok(candidate) => {
                    missing.retain(|listener| !names(listener, &deployment.listeners, &candidate));
                    entry(candidate, &engine, &deployment).await
                }
                Err(error) => Err(error),
            };
            entries.push(found.unwrap_or_else(|error| {
                let reason = Some(error.reason.to_string());
                Entry { file: error.file, state: "refused", reason, ..Entry::default() }
            }));
        }
        entries.extend(missing.into_iter().map(|listener| {
            let (file, name) = match &listener.plugin {
                PluginSelector::Name(name) => (String::new(), Some(name.clone())),
                PluginSelector::File(file) => (file.clone(), None),
            };
            Entry { file, state: "missing", order: Some(listener.order.into()), name, ..Entry::default() }
        }));
        entries.sort_by_key(|entry| entry.order.unwrap_or(i64::MAX));
        Ok(entries)
    }
}

/// The entries without which the server does not start.
fn needing(deployment: &Deployment) -> Vec<&Listener> {
    deployment.listeners.iter().filter(|listener| listener.enabled && live::is_authenticator(listener)).collect()
}

impl Entry {
    fn row(&self, is_running: bool) -> Vec<String> {
        // A message is cut to its first line.
        let text = |text: &Option<String>| text.as_deref().and_then(|text| text.lines().next()).map(str::to_owned);
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let digest = self.digest.as_ref().map(short);
        let order = self.order.map(|order| order.to_string());
        let mut cells = vec![Some(self.state.to_owned()), order, text(&self.name), text(&self.version), digest];
        cells.push(Some(self.file.clone()).filter(|file| !file.is_empty()));
        if is_running {
            cells.extend([number(self.calls), number(self.traps), text(&self.last_error)]);
        } else {
            cells.push(text(&self.reason));
        }
        cells.into_iter().map(|cell| cell.unwrap_or_else(|| "-".to_owned())).collect()
    }
}

/// The plug-ins of a status document: those that serve, in their order, then those that no listener names.
fn serving(status: StatusDocument, home: &Home) -> Vec<Entry> {
    let (mut live, mut shadows) = (Vec::new(), Vec::new());
    for plugin in status.plugins {
        shadows.extend(plugin.shadow.map(|shadow| match shadow {
            ShadowState::Running { file, name, digest, .. } => {
                Entry { file, state: "shadow", name: Some(name), digest: Some(digest), ..Entry::default() }
            }
            ShadowState::NotRunning { file, reason } => {
                Entry { file, state: "shadow", last_error: Some(reason), ..Entry::default() }
            }
        }));
        let found = Candidate::read(&home.dropins().join(&plugin.file), u64::MAX - 1);
        let is_in_folder = found.is_ok_and(|component| component.digest() == plugin.digest);
        live.push(Entry {
            file: plugin.file,
            state: if is_in_folder { "live" } else { "live, file differs" },
            order: Some(plugin.order),
            name: Some(plugin.name),
            version: Some(plugin.version),
            digest: Some(plugin.digest),
            methods: plugin.methods,
            calls: Some(plugin.calls),
            traps: Some(plugin.failures),
            last_error: plugin.last_failure.map(|last| last.message),
            ..Entry::default()
        });
    }
    let inactive = status.inactive.into_iter().map(|plugin| Entry {
        file: plugin.file,
        state: "inactive",
        name: plugin.name,
        digest: Some(plugin.digest),
        ..Entry::default()
    });
    live.into_iter().chain(shadows).chain(inactive).collect()
}

/// A component with the entry that names it; one that no entry names is not compiled.
async fn entry(component: Candidate, engine: &Engine, deployment: &Deployment) -> Result<Entry, CandidateError> {
    let listeners = &deployment.listeners;
    let shadow = listeners.iter().any(|listener| listener.enabled && shadows(listener, &component));
    let listener = listeners.iter().find(|listener| names(listener, listeners, &component));
    let file = component.file().to_owned();
    let digest = Some(component.digest());
    let state = match listener {
        None if shadow => "shadow",
        Some(listener) if listener.enabled => "enabled",
        Some(_) => "disabled",
        None => {
            component.contract()?;
            let name = component.names().into_iter().next();
            return Ok(Entry { file, state: "inactive", name, digest, ..Entry::default() });
        }
    };
    let plugin = component.validate(engine).await?;
    let description = plugin.description();
    Ok(Entry {
        file,
        state,
        order: listener.map(|listener| listener.order.into()),
        name: Some(description.name.clone()),
        aliases: description.aliases.clone(),
        version: Some(description.version.clone()),
        digest,
        methods: description.methods.clone(),
        ..Entry::default()
    })
}
