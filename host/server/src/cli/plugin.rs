//! `dropins plugin`: what is in the plug-in folder, and what a component is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use dropins_host::{Candidate, Engine, Limits, Validated, read_folder};
use serde_json::{Value, json};

use super::{HomeArgs, block_on, member, say, say_json, say_table};
use crate::config::{Deployment, Listener, PluginSelector};
use crate::startup::Started;

/// Look at plug-ins.
#[derive(Subcommand)]
pub(super) enum Plugin {
    List(List),
    Inspect(Inspect),
}

/// List the components of the plug-in folder with the listener entries that name them.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin list --home ./dropins-home")]
pub(super) struct List {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// Show what a component is: digest, contract version, imports, exports, description.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin inspect private_key_jwt_authenticator.wasm")]
pub(super) struct Inspect {
    /// The component
    file: PathBuf,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Plugin {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(verb) => block_on(verb.list()),
            Self::Inspect(verb) => block_on(verb.inspect()),
        }
    }
}

impl List {
    async fn list(self) -> anyhow::Result<ExitCode> {
        let home = self.home.home();
        let started = Started::read(&home, &self.home.properties)?;
        let engine = Engine::new(Limits::default(), Some(&home.compile_cache()))?;
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
        if self.json {
            say_json(&entries)?;
        } else {
            let cell = |entry: &Value, name: &str| match member(entry, name) {
                Value::Null => "-".to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let row = |entry: &Value| {
                let digest = cell(entry, "digest");
                let digest = digest.get(..19).unwrap_or(&digest).to_owned();
                let mut row = vec![cell(entry, "state"), cell(entry, "order"), cell(entry, "name")];
                row.extend([cell(entry, "version"), digest, cell(entry, "file"), cell(entry, "reason")]);
                row
            };
            let rows: Vec<_> = entries.iter().map(row).collect();
            say_table(&["STATE", "ORDER", "NAME", "VERSION", "DIGEST", "FILE", "REASON"], &rows)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn entry(plugin: &Validated, deployment: &Deployment) -> Value {
    let description = plugin.description();
    let names = |listener: &&Listener| match &listener.plugin {
        PluginSelector::Name(name) => description.answers_to(name),
        PluginSelector::File(file) => file == plugin.file(),
    };
    let listener = deployment.listeners.iter().find(names);
    let state = match listener {
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

impl Inspect {
    async fn inspect(self) -> anyhow::Result<ExitCode> {
        let limits = Limits::default();
        let candidate = Candidate::read(&self.file, limits.component_size)?;
        let (digest, size, contract) = (candidate.digest(), candidate.size(), candidate.contract()?);
        let plugin = candidate.validate(&Engine::new(limits, None)?).await?;
        let description = plugin.description();
        if self.json {
            say_json(&json!({
                "digest": digest,
                "size": size,
                "contract": contract.version,
                "description": description,
                "imports": contract.imports,
                "exports": contract.exports,
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        say(format_args!("{} {} - {}", description.name, description.version, description.summary))?;
        say(format_args!("digest    {digest}"))?;
        say(format_args!("size      {size} bytes"))?;
        for (title, list) in [
            ("aliases", &description.aliases),
            ("methods", &description.methods),
            ("reads", &description.reads),
            ("exports", &contract.exports),
            ("imports", &contract.imports),
        ] {
            say(format_args!("{title:<9} {}", list.join("\n          ")))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
