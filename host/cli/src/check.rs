//! `dropins check`: everything that `serve` would verify, without serving.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;
use serde::Serialize;
use serde_json::json;

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{say, say_json, say_warning};
use crate::replay_load;
use crate::runtime::block_on;
use crate::surroundings;
use crate::upstream_fit;
use dropins_config::{LoadError, LoadedHome};
use dropins_live::{BuildError, Compiled, Release, ResourceError, Resources, Snapshot, tls};
use dropins_oauth::tokens;
use dropins_server::admin::documents::AudienceDocument;
use dropins_telemetry::expiry;

/// Check what `serve` would verify, without serving.
///
/// Configuration, plug-ins, keys, clients and database are verified; the database is not changed.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins check --home ./dropins-home")]
pub(super) struct Check {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// What a home that can be served is.
#[derive(Serialize)]
struct Found {
    ok: bool,
    notices: Vec<String>,
    warnings: Vec<String>,
    /// What `serve` will do to the database.
    database: Vec<String>,
    clients: u64,
    plugins: Vec<String>,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.check())
    }

    async fn check(self) -> anyhow::Result<ExitCode> {
        match self.outcome().await {
            Ok(found) if self.json => say_json(&found)?,
            Ok(found) => {
                let warnings = found.notices.iter().chain(&found.warnings);
                warnings.into_iter().try_for_each(say_warning)?;
                found.database.iter().try_for_each(|line| say(format_args!("database: serve will {line}")))?;
                let clients = if found.clients == 1 { "client" } else { "clients" };
                say(format_args!("ok: {} {clients}; plug-ins in order: {}", found.clients, found.plugins.join(", ")))?;
            }
            Err(error) if self.json => {
                say_json(&failure(&error, &self.home.home().deployment_toml().display().to_string()))?;
                return Ok(ExitCode::FAILURE);
            }
            Err(error) => return Err(error),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn outcome(&self) -> anyhow::Result<Found> {
        let home = self.home.home();
        let started = LoadedHome::read(&home, &self.home.properties)?;
        let file_name = home.deployment_toml().display().to_string();
        let notices: Vec<_> = started.notices.iter().map(|notice| notice.line(&file_name)).collect();
        if started.deployment.oauth.enabled {
            tokens::check(&home)?;
        }
        if let Some(https) = &started.deployment.transport.https {
            tls::Identity::read(&home, https.identity.as_ref())?.server_config()?;
        }
        if started.deployment.transport.admin.tls && started.deployment.transport.https.is_none() {
            tls::Identity::read(&home, None)?.server_config()?;
        }
        let changes = dropins_live::plan(&started).await?;
        let risk = dropins_live::risk(&started)?;
        let around = surroundings::warnings(&home, &started.deployment);
        let load =
            replay_load::warning(&started.deployment, &dropins_live::replay_settings(&home, &started.deployment));
        let (parts, _) = Resources::rehearse(&started).await?;
        let live = Release::build(Compiled::of(Snapshot::of(started), parts.clone(), Vec::new()).await, 0).await?.live;
        parts.stored.refresh().await?;
        // Those of declared clients are among the warnings already.
        let declared = |client_id: &str| live.clients.declared().any(|client| client.registration.id == client_id);
        let expiring = expiry::expiring(&live.clients, parts.clock.now_seconds()).await?;
        let expiring = expiring.iter().filter(|key| !declared(&key.client_id)).map(ToString::to_string);
        let upstreams = upstream_fit::warnings(&live.gateway).await;
        let further = expiring.chain(load).chain(risk).chain(around).chain(upstreams).chain(self.audience().await);
        let warnings: Vec<_> = live.warnings.iter().cloned().chain(further).collect();
        let plugins: Vec<_> = live.generation.handlers().iter().map(|handler| handler.id().name.clone()).collect();
        Ok(Found { ok: true, notices, warnings, database: changes, clients: live.clients.count(), plugins })
    }
}

impl Check {
    /// How many clients the strict audience would reject, as far as a running server knows.
    async fn audience(&self) -> Option<String> {
        let asked = admin::ask_if_running::<AudienceDocument>(&self.home, Method::GET, "/audiences").await;
        let document = asked.ok().flatten()?;
        let is_due = document.reported && document.clients.iter().any(|sent| !sent.strict);
        is_due.then(|| format!("{}: `dropins client audience` names them", document.summary()))
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
