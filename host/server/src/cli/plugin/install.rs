//! `dropins plugin install`: puts a component into the plug-in folder in one atomic step.
//!
//! What is no plug-in never gets there. A new version of a plug-in takes the file of the old one, so that no two files
//! claim one name.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_host::{Candidate, Validated};

use super::Folder;
use crate::cli::{HomeArgs, admin, say};
use crate::home;

/// Check a component and put it into the plug-in folder; a running server takes it up at once.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin install --home ./dropins-home private_key_jwt_authenticator.wasm")]
pub(in crate::cli) struct Install {
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
        let candidate = Candidate::read(&self.file, folder.component_size)?;
        let bytes = candidate.bytes().clone();
        let plugin = candidate.validate(&folder.engine).await?;
        let name = &plugin.description().name;
        let installed = folder.plugins().await?;
        let file = self.destination(&plugin, &installed)?;
        let path = folder.path.join(&file);
        home::replace_file(&path, &bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        let digest = plugin.digest().short();
        say(format_args!("installed {name} {} ({digest}) as {}", plugin.description().version, path.display()))?;
        match admin::verdict(&self.home, "/reload", false).await {
            Ok(Some(())) => {}
            Ok(None) => say("no server runs; it is used at the next start")?,
            Err(error) => return Err(error.context(format!("{file} stays in the folder, but is not in use"))),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn destination(&self, plugin: &Validated, installed: &[Validated]) -> anyhow::Result<String> {
        let name = &plugin.description().name;
        let same = installed.iter().filter(|other| other.description().name == *name);
        if let [other] = same.collect::<Vec<_>>().as_slice() {
            return Ok(other.file().to_owned());
        }
        let given = self.file.file_name().and_then(|file| file.to_str()).unwrap_or_default();
        let usable = given.ends_with(".wasm") && !given.starts_with('.');
        let file = if usable { given.to_owned() } else { format!("{name}.wasm") };
        let taken = installed.iter().find(|other| other.file() == file && other.description().name != *name);
        match taken {
            Some(other) if !self.force => anyhow::bail!(
                "{file} is in the folder already and holds another plug-in, {}; rename the new file, or give --force",
                other.description().name
            ),
            _ => Ok(file),
        }
    }
}
