//! `dropins status`: asks the running server.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::{HomeArgs, admin, block_on, member, say, say_json, say_table};
use crate::startup::Started;

/// Ask the running server what it runs and how it fares.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins status --home ./dropins-home --json")]
pub(super) struct Status {
    #[command(flatten)]
    home: HomeArgs,
    /// Print the JSON document
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.ask())
    }

    async fn ask(self) -> anyhow::Result<ExitCode> {
        let started = Started::read(&self.home.home(), &self.home.properties)?;
        let status = admin::ask(&started.deployment, Method::GET, "/status").await?;
        if self.json {
            say_json(&status)?;
            return Ok(ExitCode::SUCCESS);
        }
        let ready = if *member(&status, "ready") == Value::Bool(true) {
            "ready".to_owned()
        } else {
            format!("NOT READY: {}", text(member(&status, "not_ready_because")))
        };
        let (issuer, generation, uptime) =
            (text(member(&status, "issuer")), member(&status, "generation"), member(&status, "uptime_seconds"));
        say(format_args!(
            "{issuer}  {ready}  generation {generation}  up {uptime} s  clients {}",
            member(&status, "clients")
        ))?;
        let plugins = member(&status, "plugins").as_array().cloned().unwrap_or_default();
        let columns = ["order", "name", "version", "digest", "calls", "failures"];
        let rows: Vec<Vec<String>> =
            plugins.iter().map(|plugin| columns.iter().map(|column| text(member(plugin, column))).collect()).collect();
        say_table(&["ORDER", "NAME", "VERSION", "DIGEST", "CALLS", "FAILURES"], &rows)?;
        for warning in member(&status, "warnings").as_array().into_iter().flatten() {
            say(format_args!("warning: {}", text(warning)))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
