//! `dropins client list`.

use std::process::ExitCode;

use clap::Args;

use super::registry;
use crate::args::HomeArgs;
use crate::output::{say_json, say_table};
use dropins_operations::clients::{ClientLine, lines};

/// List the clients, those of the file first.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins client list --home ./dropins-home")]
pub(crate) struct List {
    #[command(flatten)]
    home: HomeArgs,
    /// Only clients whose id or name holds this text, whatever its case
    #[arg(value_name = "TEXT", default_value = "", hide_default_value = true)]
    text: String,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let lines = lines(&registry::open(&self.home).await?, &self.text, usize::MAX).await?.clients;
        if self.json {
            say_json(&lines)?;
            return Ok(ExitCode::SUCCESS);
        }
        let row = |line: ClientLine| {
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
