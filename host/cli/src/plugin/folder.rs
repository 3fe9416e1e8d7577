//! The plug-in folder of a home, and what is in it.

use std::path::PathBuf;

use anyhow::Context as _;
use dropins_config::{Deployment, LoadedHome};
use dropins_host::{Candidate, CandidateError, Engine, Limits, read_folder};

use crate::args::HomeArgs;

/// The plug-in folder of a home.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) engine: Engine,
    /// `None` while the configuration is wrong.
    pub(super) deployment: Option<Deployment>,
}

impl Folder {
    /// The folder need not belong to a configuration that is right: installing a plug-in may be what it lacks.
    pub(super) fn open(home: &HomeArgs) -> anyhow::Result<Self> {
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
    pub(super) fn component_size(&self) -> u64 {
        self.engine.limits().component_size
    }

    /// Every component file, or why it cannot be read.
    pub(super) fn contents(&self) -> anyhow::Result<Vec<Result<Candidate, CandidateError>>> {
        let found = read_folder(&self.path, self.component_size());
        found.with_context(|| format!("{} cannot be read", self.path.display()))
    }

    /// Whether the folder itself holds a component file of this name.
    pub(super) fn has(&self, file: &str) -> bool {
        file.ends_with(".wasm") && !file.contains(['/', '\\']) && self.path.join(file).is_file()
    }
}
