//! `dropins plugin install`: tries a component, then puts it into the plug-in folder.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_host::Candidate;
use dropins_operations::plugins::{PluginsError, Serving, install};
use reqwest::Method;

use super::folder;
use crate::admin;
use crate::args::HomeArgs;
use crate::output::say;
use dropins_server::admin::documents::{LivePlugin, StatusDocument};

/// Try a component and put it into the plug-in folder; a running server takes it up at once.
///
/// The trial is that of a start: validation, the listener entries that name the plug-in, the canary. It sees no client and
/// no key of the home. A plug-in that no entry names is tried without properties.
///
/// A plug-in of the same name is replaced. A candidate that is to run as the shadow of that plug-in is therefore not
/// installed: copy it into repository/components/dropins under another file name, and name that file with
/// shadow = "FILE.wasm" in the plug-in's [[event_listener]].
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin install --home ./dropins-home private_key_jwt_authenticator.wasm")]
pub(crate) struct Install {
    #[command(flatten)]
    home: HomeArgs,
    /// The component
    file: PathBuf,
    /// Install it without a trial, also in place of a file of the same name that holds another plug-in
    #[arg(long)]
    force: bool,
}

impl Install {
    pub(super) async fn install(self) -> anyhow::Result<ExitCode> {
        let (home, folder) = (self.home.home(), folder::open(&self.home)?);
        let candidate = Candidate::read(&self.file, folder.component_size())?;
        let given = self.file.file_name().and_then(|file| file.to_str()).unwrap_or_default();
        let serving = self.serving().await;
        let installed = match install(&folder, given, candidate, &serving, self.force).await {
            Err(PluginsError::Unfit(unfit)) => {
                return Err(unfit).with_context(|| format!("{} is not installed", self.file.display()));
            }
            other => other?,
        };
        let (digest, path) = (installed.digest.short(), installed.path.display());
        say(format_args!("installed {} {} ({digest}) as {path}", installed.name, installed.version))?;
        if let Some(entry) = installed.entry {
            let deployment = home.deployment_toml();
            say(format_args!("no enabled listener names it; to use it, add to {}:\n\n{entry}", deployment.display()))?;
        }
        match admin::verdict(&self.home, "/reload?wait=true", false).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => say("no server runs; it is used at the next start")?,
            Err(error) => {
                return Err(error.context(format!("{} stays in the folder, but is not in use", installed.file)));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What a running server serves. Why it cannot be asked is said when it is to reload.
    async fn serving(&self) -> Vec<Serving> {
        let status = admin::ask_if_running(&self.home, Method::GET, "/status").await;
        let plugins = status.ok().flatten().map(|status: StatusDocument| status.plugins).unwrap_or_default();
        plugins.into_iter().map(serving).collect()
    }
}

fn serving(plugin: LivePlugin) -> Serving {
    let shadow = plugin.shadow.map(|shadow| shadow.file().to_owned());
    Serving { name: plugin.name, file: plugin.file, shadow }
}
