//! `dropins health`: whether the server of a home takes requests, as an exit status for a container's health check.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{say, say_json};
use crate::runtime::block_on;

/// The server itself gives its stores two seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Exit 0 if the running server is ready, else 1 with the reason.
///
/// It asks as `/readyz` does: not ready is a server that stops, or whose stores are down. Made for the health check of a
/// container, it needs no other program and answers within five seconds.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins health --home ./dropins-home")]
pub(super) struct Health {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Health {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async move {
            let asked = tokio::time::timeout(PATIENCE, admin::readiness(&self.home)).await;
            asked.context("the server does not answer within 5 s")??;
            if self.json {
                say_json(&json!({ "ready": true }))?
            } else {
                say("ready")?
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
