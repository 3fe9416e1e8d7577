//! `dropins plugin remove`: takes a component out of the plug-in folder.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_host::Candidate;

use super::folder::Folder;
use super::names::names;
use crate::admin;
use crate::args::HomeArgs;
use crate::output::say;
use dropins_config::LoadedHome;
use dropins_config::home;

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
        let folder = Folder::open(&self.home)?;
        let components: Vec<Candidate> = folder.contents()?.into_iter().flatten().collect();
        let is_meant = |one: &&Candidate| one.file() == self.name || one.names().contains(&self.name);
        let meant: Vec<&Candidate> = components.iter().filter(is_meant).collect();
        let file = match meant.as_slice() {
            [plugin] => {
                self.check_need(plugin)?;
                plugin.file().to_owned()
            }
            // What cannot be read has no name but its file's.
            [] if folder.has(&self.name) => self.name.clone(),
            [] => anyhow::bail!(
                "no plug-in of {} is named `{}`; `dropins plugin list` shows them",
                folder.path.display(),
                self.name
            ),
            several => {
                let files: Vec<_> = several.iter().map(|plugin| plugin.file()).collect();
                anyhow::bail!("`{}` names several files; give one of them: {}", self.name, files.join(", "))
            }
        };
        let path = folder.path.join(&file);
        home::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        say(format_args!("removed {}", path.display()))?;
        match admin::verdict(&self.home, "/reload?wait=true", false).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => say("no server runs")?,
            Err(error) => return Err(error.context("it is removed, but the running server still uses it")),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// A listener that is left without its plug-in keeps the server from starting.
    fn check_need(&self, plugin: &Candidate) -> anyhow::Result<()> {
        if self.force {
            return Ok(());
        }
        let started = LoadedHome::read(&self.home.home(), &self.home.properties)
            .context("it is not clear whether a listener needs it; repair the configuration, or give --force")?;
        let listeners = &started.deployment.listeners;
        let needed = listeners.iter().find(|listener| listener.enabled && names(listener, listeners, plugin));
        let Some(listener) = needed else { return Ok(()) };
        let label = listener.id.as_deref().unwrap_or(&self.name);
        anyhow::bail!(
            "the enabled listener `{label}` needs {}; set enable = false in its [[event_listener]] first, or give --force",
            plugin.file()
        )
    }
}
