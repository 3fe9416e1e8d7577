//! `dropins plugin list`: what the running server runs; without one, what it would run.

use std::process::ExitCode;

use clap::Args;
use dropins_host::{Engine, Validated, read_folder};
use reqwest::Method;
use serde_json::{Value, json};

use super::names::{names, shadows};
use crate::admin;
use crate::args::HomeArgs;
use crate::output::{member, say_json, say_table};
use dropins_config::Deployment;
use dropins_config::LoadedHome;

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

impl List {
    pub(super) async fn list(self) -> anyhow::Result<ExitCode> {
        let running = admin::ask_if_running(&self.home, Method::GET, "/status").await?;
        let entries = match &running {
            Some(status) => serving(status),
            None => self.in_folder().await?,
        };
        if self.json {
            say_json(&entries)?;
            return Ok(ExitCode::SUCCESS);
        }
        let (titles, columns): (&[&str], &[&str]) = if running.is_some() {
            (
                &["STATE", "ORDER", "NAME", "VERSION", "DIGEST", "FILE", "CALLS", "TRAPS", "LAST ERROR"],
                &["state", "order", "name", "version", "digest", "file", "calls", "traps", "last_error"],
            )
        } else {
            (
                &["STATE", "ORDER", "NAME", "VERSION", "DIGEST", "FILE", "REASON"],
                &["state", "order", "name", "version", "digest", "file", "reason"],
            )
        };
        let row = |entry: &Value| columns.iter().map(|column| cell(entry, column)).collect();
        let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
        say_table(titles, &rows)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn in_folder(&self) -> anyhow::Result<Vec<Value>> {
        let home = self.home.home();
        let started = LoadedHome::read(&home, &self.home.properties)?;
        let engine = Engine::new(started.deployment.limits.clone(), Some(&home.compile_cache()))?;
        let mut entries = Vec::new();
        for candidate in read_folder(&home.dropins(), started.deployment.limits.component_size)? {
            let described = match candidate {
                Ok(candidate) => candidate.validate(&engine).await,
                Err(error) => Err(error),
            };
            entries.push(match described {
                Ok(plugin) => entry(&plugin, &started.deployment),
                Err(error) => json!({ "file": error.file, "state": "refused", "reason": error.reason.to_string() }),
            });
        }
        Ok(entries)
    }
}

/// The plug-ins of a status document: those that serve, in their order, then those that nobody names.
fn serving(status: &Value) -> Vec<Value> {
    let list = |name: &str| member(status, name).as_array().cloned().unwrap_or_default();
    let live = list("plugins").into_iter().map(|plugin| {
        let last = member(&plugin, "last_failure");
        json!({
            "file": member(&plugin, "file"),
            "state": "live",
            "order": member(&plugin, "order"),
            "name": member(&plugin, "name"),
            "version": member(&plugin, "version"),
            "digest": member(&plugin, "digest"),
            "methods": member(&plugin, "methods"),
            "calls": member(&plugin, "calls"),
            "traps": member(&plugin, "failures"),
            "last_error": member(last, "message"),
        })
    });
    let inactive = list("inactive").into_iter().map(|plugin| {
        json!({
            "file": member(&plugin, "file"),
            "state": "inactive",
            "name": member(&plugin, "name"),
            "digest": member(&plugin, "digest"),
        })
    });
    let shadows = list("plugins").into_iter().filter_map(|plugin| {
        let shadow = member(&plugin, "shadow");
        (!shadow.is_null()).then(|| {
            json!({
                "file": member(shadow, "file"),
                "state": "shadow",
                "name": member(shadow, "name"),
                "digest": member(shadow, "digest"),
                "last_error": member(shadow, "reason"),
            })
        })
    });
    live.chain(shadows).chain(inactive).collect()
}

fn entry(plugin: &Validated, deployment: &Deployment) -> Value {
    let description = plugin.description();
    let listeners = &deployment.listeners;
    let shadow = listeners.iter().any(|listener| listener.enabled && shadows(listener, plugin));
    let listener = listeners.iter().find(|listener| names(listener, listeners, plugin));
    let state = match listener {
        None if shadow => "shadow",
        Some(listener) if listener.enabled => "enabled",
        Some(_) => "disabled",
        None => "inactive",
    };
    json!({
        "file": plugin.file(),
        "state": state,
        "order": listener.map(|listener| listener.order),
        "name": description.name,
        "aliases": description.aliases,
        "version": description.version,
        "digest": plugin.digest(),
        "methods": description.methods,
    })
}

/// A digest is cut to what tells it from others, a message to its first line.
fn cell(entry: &Value, column: &str) -> String {
    let text = match member(entry, column) {
        Value::Null => return "-".to_owned(),
        Value::String(text) => text.lines().next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    if column == "digest" { text.get(..19).unwrap_or(&text).to_owned() } else { text }
}
