//! `dropins client list`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::document::Origin;
use super::registry::Registry;
use crate::args::HomeArgs;
use crate::output::{say_json, say_table};

/// Clients that are read at once.
const PAGE: usize = 1000;

/// List all clients, those of the file first.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins client list --home ./dropins-home")]
pub(crate) struct List {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

struct Line {
    client_id: String,
    origin: Origin,
    enabled: bool,
    auth_method: Option<String>,
    grant_types: Vec<String>,
    name: Option<String>,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let lines = lines(&Registry::open(&self.home).await?).await?;
        if self.json {
            let entry = |line: &Line| {
                json!({
                    "client_id": line.client_id,
                    "origin": line.origin.name(),
                    "enabled": line.enabled,
                    "token_endpoint_auth_method": line.auth_method,
                    "grant_types": line.grant_types,
                    "client_name": line.name,
                })
            };
            say_json(&lines.iter().map(entry).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let row = |line: Line| {
            let enabled = if line.enabled { "yes" } else { "no" };
            let method = line.auth_method.unwrap_or_else(|| "any".to_owned());
            let mut row = vec![line.client_id, line.origin.name().to_owned(), enabled.to_owned(), method];
            row.extend([line.grant_types.join(" "), line.name.unwrap_or_default()]);
            row
        };
        let rows: Vec<_> = lines.into_iter().map(row).collect();
        say_table(&["CLIENT ID", "ORIGIN", "ENABLED", "METHOD", "GRANT TYPES", "NAME"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn lines(registry: &Registry) -> anyhow::Result<Vec<Line>> {
    let declared = registry.deployment.service_providers.iter().map(|client| Line {
        client_id: client.record.client_id.clone(),
        origin: Origin::File,
        enabled: client.record.enabled,
        auth_method: client.record.auth_method.clone(),
        grant_types: client.record.grant_types.clone(),
        name: client.record.name.clone(),
    });
    let mut lines: Vec<_> = declared.collect();
    let mut after = String::new();
    loop {
        let page = registry.stored.store().page(&after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after.clone_from(&last.client_id);
        lines.extend(page.into_iter().map(|record| Line {
            origin: if registry.declared(&record.client_id).is_some() { Origin::Hidden } else { Origin::Database },
            client_id: record.client_id,
            enabled: record.enabled,
            auth_method: record.auth_method,
            grant_types: record.grant_types,
            name: record.name,
        }));
    }
}
