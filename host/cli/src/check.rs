//! `dropins check`: everything that `serve` would verify, without serving.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use crate::args::HomeArgs;
use crate::output::{member, say, say_json};
use crate::replay_load;
use crate::runtime::block_on;
use dropins_config::{LoadError, LoadedHome};
use dropins_oauth::tokens;
use dropins_server::live::{self, BuildError, Release, ResourceError, Resources, Snapshot, tls};
use dropins_telemetry::expiry;

/// Check configuration, plug-ins, keys, clients and database without serving, and without changing the database.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins check --home ./dropins-home")]
pub(super) struct Check {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.check())
    }

    async fn check(self) -> anyhow::Result<ExitCode> {
        match self.outcome().await {
            Ok(document) if self.json => say_json(&document)?,
            Ok(document) => {
                let texts = |name: &str| {
                    let list = document.get(name).and_then(|list| list.as_array()).cloned().unwrap_or_default();
                    list.into_iter().filter_map(|text| text.as_str().map(str::to_owned)).collect::<Vec<_>>()
                };
                for line in texts("notices").iter().chain(&texts("warnings")) {
                    say(format_args!("warning: {line}"))?;
                }
                for line in texts("database") {
                    say(format_args!("database: serve will {line}"))?;
                }
                let plugins = texts("plugins").join(", ");
                let clients = match member(&document, "clients") {
                    count if *count == 1 => "1 client".to_owned(),
                    count => format!("{count} clients"),
                };
                say(format_args!("ok: {clients}; plug-ins in order: {plugins}"))?;
            }
            Err(error) if self.json => {
                say_json(&failure(&error, &self.home.home().deployment_toml().display().to_string()))?;
                return Ok(ExitCode::FAILURE);
            }
            Err(error) => return Err(error),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn outcome(&self) -> anyhow::Result<serde_json::Value> {
        let home = self.home.home();
        let started = LoadedHome::read(&home, &self.home.properties)?;
        let file_name = home.deployment_toml().display().to_string();
        let notices: Vec<_> = started.notices.iter().map(|notice| notice.line(&file_name)).collect();
        tokens::check(&home)?;
        if let Some(https) = &started.deployment.transport.https {
            tls::Identity::read(&home, https.identity.as_ref())?.server_config()?;
        }
        let changes = live::plan(&started).await?;
        let risk = live::risk(&started)?;
        let load = replay_load::warning(&started.deployment, &live::replay_settings(&home, &started.deployment));
        let (parts, _) = Resources::rehearse(&started).await?;
        let live = Release::build(Arc::new(Snapshot::of(started)), parts.clone(), 0, Vec::new()).await?.live;
        parts.stored.refresh().await?;
        // Declared clients have had their say when their keys were read.
        let declared = |client_id: &str| live.clients.declared().any(|client| client.registration.id == client_id);
        let expiring = expiry::expiring(&live.clients, parts.clock.now_seconds()).await?;
        let expiring = expiring.iter().filter(|key| !declared(&key.client_id)).map(ToString::to_string);
        let warnings: Vec<_> = live.warnings.iter().cloned().chain(expiring).chain(load).chain(risk).collect();
        let plugins: Vec<_> = live.generation.handlers().iter().map(|handler| handler.id().name.clone()).collect();
        Ok(json!({
            "ok": true,
            "notices": notices,
            "warnings": warnings,
            "database": changes,
            "clients": live.clients.count(),
            "plugins": plugins,
        }))
    }
}

fn failure(error: &anyhow::Error, file_name: &str) -> serde_json::Value {
    let (problems, plugins) = if let Some(LoadError::Config { problems, .. }) = error.downcast_ref() {
        (problems.to_json(file_name), json!([]))
    } else if let Some(ResourceError::Address { problems, .. }) = error.downcast_ref() {
        (problems.to_json(file_name), json!([]))
    } else if let Some(BuildError::Live { error, .. }) = error.downcast_ref() {
        (error.problems.to_json(file_name), json!(error.plugins))
    } else {
        (json!([{ "severity": "error", "message": format!("{error:#}") }]), json!([]))
    };
    json!({ "ok": false, "problems": problems, "plugins": plugins })
}
