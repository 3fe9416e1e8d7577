//! `dropins plugin install`: tries a component, then puts it into the plug-in folder in one atomic step.
//!
//! What the next start would refuse never gets there without `--force`, what is no plug-in never at all, nor a second
//! file that claims the name of one: see [`Destination`]. The bytes that it replaces are kept.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_host::{Candidate, Validated};
use reqwest::Method;

use super::destination::Destination;
use super::folder::Folder;
use crate::admin;
use crate::args::HomeArgs;
use crate::output::say;
use dropins_config::home::{KeptComponents, replace_file};
use dropins_live as live;
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
        let (home, folder) = (self.home.home(), Folder::open(&self.home)?);
        let candidate = Candidate::read(&self.file, folder.component_size())?;
        let plugin = candidate.clone().validate(&folder.engine).await?;
        let name = &plugin.description().name;
        let file = self.destination(name, &folder).await?.choose(self.force)?;
        // Under the name that its file will have.
        let plugin = Candidate::new(&*file, candidate.bytes().clone()).validate(&folder.engine).await?;
        let mut hint = None;
        if !self.force {
            let tried = live::try_out(&plugin, &folder.engine, folder.deployment.as_ref(), &[]).await;
            let tried = tried.with_context(|| format!("{} is not installed", self.file.display()))?;
            hint = (!tried.is_named && folder.deployment.is_some()).then(|| entry(&plugin, &folder));
        }
        let path = folder.path.join(&file);
        if let Ok(old) = Candidate::read(&path, folder.component_size()) {
            let kept = KeptComponents::of(&home).keep(old.bytes());
            kept.with_context(|| format!("the component in {} cannot be kept for a rollback", path.display()))?;
        }
        replace_file(&path, candidate.bytes()).with_context(|| format!("{} cannot be written", path.display()))?;
        let digest = plugin.digest().short();
        say(format_args!("installed {name} {} ({digest}) as {}", plugin.description().version, path.display()))?;
        if let Some(entry) = hint {
            let deployment = home.deployment_toml();
            say(format_args!("no enabled listener names it; to use it, add to {}:\n\n{entry}", deployment.display()))?;
        }
        match admin::verdict(&self.home, "/reload?wait=true", false).await {
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
        let contents = folder.contents()?.into_iter().map(|found| match found {
            Ok(component) => (component.file().to_owned(), component.declared_name()),
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

/// The listener entry that enables the plug-in after all others.
fn entry(plugin: &Validated, folder: &Folder) -> String {
    let (name, file) = (&plugin.description().name, plugin.file());
    let listeners = folder.deployment.iter().flat_map(|deployment| &deployment.listeners);
    let order = listeners.map(|listener| listener.order).max().unwrap_or(899).saturating_add(1);
    format!("[[event_listener]]\nid = \"{name}\"\nfile = \"{file}\"\norder = {order}\nenable = true\n")
}
