//! `dropins plugin remove`: takes a component out of the plug-in folder.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_operations::plugins::{PluginsError, remove};

use super::folder;
use crate::admin;
use crate::args::HomeArgs;
use crate::output::say;
use dropins_config::LoadedHome;

/// Take a component out of the plug-in folder; one that an enabled listener needs stays, unless --force.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin remove --home ./dropins-home old_authenticator")]
pub(crate) struct Remove {
    #[command(flatten)]
    home: HomeArgs,
    /// The plug-in: its name, an alias, or its file
    name: String,
    /// Remove it although an enabled listener needs it; the server does not start without it
    #[arg(long)]
    force: bool,
}

impl Remove {
    pub(super) async fn remove(self) -> anyhow::Result<ExitCode> {
        let path = match remove(&folder::open(&self.home)?, &self.name, self.force) {
            Err(PluginsError::Unclear) => {
                LoadedHome::read(&self.home.home(), &self.home.properties).map(drop).context(PluginsError::Unclear)?;
                return Err(PluginsError::Unclear.into());
            }
            other => other?,
        };
        say(format_args!("removed {}", path.display()))?;
        match admin::verdict(&self.home, "/reload?wait=true", false).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => say("no server runs")?,
            Err(error) => return Err(error.context("it is removed, but the running server still uses it")),
        }
        Ok(ExitCode::SUCCESS)
    }
}
