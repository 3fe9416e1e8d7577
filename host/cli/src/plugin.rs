//! `dropins plugin`: the plug-ins of a home, in the folder and in the running server.

mod destination;
mod diff;
mod inspect;
mod install;
mod list;
mod remove;
mod rollback;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use dropins_host::{CandidateError, Engine, Limits, Validated, read_folder};

use self::diff::Diff;
use self::inspect::Inspect;
use self::install::Install;
use self::list::List;
use self::remove::Remove;
use self::rollback::Rollback;
use crate::args::HomeArgs;
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_config::{Deployment, Listener, PluginSelector};

/// Look at plug-ins, install, remove and roll them back.
#[derive(Subcommand)]
pub(super) enum Plugin {
    List(List),
    Inspect(Inspect),
    Install(Install),
    Remove(Remove),
    Rollback(Rollback),
    Diff(Diff),
}

impl Plugin {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(verb) => block_on(verb.list()),
            Self::Inspect(verb) => block_on(verb.inspect()),
            Self::Install(verb) => block_on(verb.install()),
            Self::Remove(verb) => block_on(verb.remove()),
            Self::Rollback(verb) => block_on(verb.roll_back()),
            Self::Diff(verb) => block_on(verb.diff()),
        }
    }
}

/// Whether the listener entry names the plug-in. A shadow bears the name of the plug-in beside it and answers to none.
fn names(listener: &Listener, listeners: &[Listener], plugin: &Validated) -> bool {
    let is_shadow = || listeners.iter().any(|other| other.enabled && shadows(other, plugin));
    match &listener.plugin {
        PluginSelector::Name(name) => plugin.description().answers_to(name) && !is_shadow(),
        PluginSelector::File(file) => file == plugin.file(),
    }
}

/// Whether the plug-in only works beside the one that the listener entry names.
fn shadows(listener: &Listener, plugin: &Validated) -> bool {
    listener.shadow.as_deref() == Some(plugin.file())
}

/// The plug-in folder of a home.
struct Folder {
    path: PathBuf,
    engine: Engine,
    /// None while the configuration is wrong.
    deployment: Option<Deployment>,
}

impl Folder {
    /// The folder need not belong to a configuration that is right: installing a plug-in may be what it lacks.
    fn open(home: &HomeArgs) -> anyhow::Result<Self> {
        let deployment = LoadedHome::read(&home.home(), &home.properties).ok().map(|started| started.deployment);
        let home = home.home();
        let path = home.dropins();
        anyhow::ensure!(
            path.is_dir(),
            "there is no plug-in folder {}; make a home with `dropins init --home {}`",
            path.display(),
            home.root().display()
        );
        let limits = deployment.as_ref().map_or_else(Limits::default, |deployment| deployment.limits.clone());
        Ok(Self { path, engine: Engine::new(limits, Some(&home.compile_cache()))?, deployment })
    }

    /// The limit of a component file in bytes.
    fn component_size(&self) -> u64 {
        self.engine.limits().component_size
    }

    /// Every component file, as the plug-in that it is or with the reason why it is none.
    async fn contents(&self) -> anyhow::Result<Vec<Result<Validated, CandidateError>>> {
        let found = read_folder(&self.path, self.component_size());
        let found = found.with_context(|| format!("{} cannot be read", self.path.display()))?;
        let mut contents = Vec::new();
        for candidate in found {
            contents.push(match candidate {
                Ok(candidate) => candidate.validate(&self.engine).await,
                Err(error) => Err(error),
            });
        }
        Ok(contents)
    }

    /// Every component that is a plug-in.
    async fn plugins(&self) -> anyhow::Result<Vec<Validated>> {
        Ok(self.contents().await?.into_iter().flatten().collect())
    }

    /// Whether the folder itself holds a component file of this name.
    fn has(&self, file: &str) -> bool {
        file.ends_with(".wasm") && !file.contains(['/', '\\']) && self.path.join(file).is_file()
    }
}
