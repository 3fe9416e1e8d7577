//! `dropins reload`: has the running server look at its folders now, and says what became of it.

use std::process::ExitCode;

use clap::Args;

use super::admin;
use crate::args::HomeArgs;
use crate::runtime::block_on;

/// Have the running server take up its configuration and plug-ins; waits for the verdict.
///
/// The server notices changes by itself within a second; this waits for the verdict, and ends the hold of a rollback. A
/// rejected change leaves everything as it was.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins reload --home ./dropins-home")]
pub(super) struct Reload {
    #[command(flatten)]
    home: HomeArgs,
    /// Print the JSON document
    #[arg(long)]
    json: bool,
}

impl Reload {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async move { admin::verdict(&self.home, "/reload?wait=true", self.json).await? })
    }
}
