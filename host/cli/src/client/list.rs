//! `dropins client list`.

use std::process::ExitCode;

use clap::Args;
use dropins_protocol::ClientRecord;
use serde::Serialize;

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

#[derive(Serialize)]
struct Line {
    client_id: String,
    origin: &'static str,
    enabled: bool,
    #[serde(rename = "token_endpoint_auth_method")]
    auth_method: Option<String>,
    grant_types: Vec<String>,
    #[serde(rename = "client_name")]
    name: Option<String>,
}

impl Line {
    fn new(record: ClientRecord, origin: Origin) -> Self {
        let ClientRecord { client_id, enabled, auth_method, grant_types, name, .. } = record;
        Self { client_id, origin: origin.name(), enabled, auth_method, grant_types, name }
    }
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let lines = lines(&Registry::open(&self.home).await?).await?;
        if self.json {
            say_json(&lines)?;
            return Ok(ExitCode::SUCCESS);
        }
        let row = |line: Line| {
            let enabled = if line.enabled { "yes" } else { "no" };
            let method = line.auth_method.unwrap_or_else(|| "any".to_owned());
            let mut row = vec![line.client_id, line.origin.to_owned(), enabled.to_owned(), method];
            row.extend([line.grant_types.join(" "), line.name.unwrap_or_default()]);
            row
        };
        let rows: Vec<_> = lines.into_iter().map(row).collect();
        say_table(&["CLIENT ID", "ORIGIN", "ENABLED", "METHOD", "GRANT TYPES", "NAME"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn lines(registry: &Registry) -> anyhow::Result<Vec<Line>> {
    let declared = registry.deployment.service_providers.iter();
    let mut lines: Vec<_> = declared.map(|entry| Line::new(entry.record.clone(), Origin::File)).collect();
    let mut after = String::new();
    loop {
        let page = registry.stored.store().page(&after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after.clone_from(&last.client_id);
        lines.extend(page.into_iter().map(|record| {
            let hidden = registry.declared(&record.client_id).is_some();
            Line::new(record, if hidden { Origin::Hidden } else { Origin::Database })
        }));
    }
}
