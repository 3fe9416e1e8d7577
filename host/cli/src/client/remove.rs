//! `dropins client remove`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::registry;
use crate::args::{ClientId, HomeArgs};
use crate::output::{say, say_json};
use dropins_operations::clients::{Removed, remove};

/// Remove a client from the database and revoke what it was granted; a running server sees it at once, other nodes within
/// 2 s.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins client remove my-client")]
pub(crate) struct Remove {
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    client: ClientId,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Remove {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let registry = registry::open(&self.home).await?;
        let Removed { record, stays } = remove(&registry, self.client.get()).await?;
        registry::announce(&self.home).await?;
        if self.json {
            say_json(&json!({ "client_id": record.client_id, "removed": true }))?;
            return Ok(ExitCode::SUCCESS);
        }
        let name = record.name.map(|name| format!(" ({name})")).unwrap_or_default();
        let granted = if stays { "" } else { "; what it was granted is revoked" };
        say(format_args!("removed the client {}{name} with its keys and their ledger{granted}", record.client_id))?;
        if stays {
            let file = registry.home.deployment_toml();
            say(format_args!("the client of the same id in {} stays, with what it was granted", file.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
