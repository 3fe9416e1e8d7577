//! `dropins plugin install`: puts a component into the plug-in folder in one atomic step.
//!
//! What is no plug-in never gets there, and no second file that claims the name of one: see [`Destination`].

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_host::Candidate;
use reqwest::Method;

use super::destination::Destination;
use super::folder::Folder;
use crate::admin;
use crate::args::HomeArgs;
use crate::output::say;
use dropins_config::home;
use dropins_server::admin::documents::{LivePlugin, StatusDocument};

/// Check a component and put it into the plug-in folder; a running server takes it up at once.
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
    /// Replace a file of the same name that holds another plug-in
    #[arg(long)]
    force: bool,
}

impl Install {
    pub(super) async fn install(self) -> anyhow::Result<ExitCode> {
        let folder = Folder::open(&self.home)?;
        let candidate = Candidate::read(&self.file, folder.component_size())?;
        let bytes = candidate.bytes().clone();
        let plugin = candidate.validate(&folder.engine).await?;
        let name = &plugin.description().name;
        let file = self.destination(name, &folder).await?.choose(self.force)?;
        let path = folder.path.join(&file);
        home::replace_file(&path, &bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        let digest = plugin.digest().short();
        say(format_args!("installed {name} {} ({digest}) as {}", plugin.description().version, path.display()))?;
        match admin::verdict(&self.home, "/reload", false).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => say("no server runs; it is used at the next start")?,
            Err(error) => return Err(error.context(format!("{file} stays in the folder, but is not in use"))),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn destination<'a>(&'a self, name: &'a str, folder: &Folder) -> anyhow::Result<Destination<'a>> {
        // Why a server cannot be asked is said when it is to reload.
        let status = admin::ask_if_running(&self.home, Method::GET, "/status").await;
        let serving: Vec<LivePlugin> =
            status.ok().flatten().map(|status: StatusDocument| status.plugins).unwrap_or_default();
        let shadows = match &folder.deployment {
            Some(deployment) => deployment.listeners.iter().filter_map(|listener| listener.shadow.clone()).collect(),
            None => serving.iter().filter_map(|plugin| Some(plugin.shadow.as_ref()?.file().to_owned())).collect(),
        };
        let contents = folder.contents().await?.into_iter().map(|found| match found {
            Ok(plugin) => (plugin.file().to_owned(), Some(plugin.description().name.clone())),
            Err(error) => (error.file, None),
        });
        Ok(Destination {
            name,
            given: self.file.file_name().and_then(|file| file.to_str()).unwrap_or_default(),
            folder: contents.collect(),
            shadows,
            live: serving.into_iter().find(|plugin| plugin.name == name).map(|plugin| plugin.file),
        })
    }
}
