//! The plug-in folder of a home, and what is in it.

use std::path::PathBuf;

use anyhow::Context as _;
use dropins_config::{Deployment, LoadedHome};
use dropins_host::{CandidateError, Engine, Limits, Validated, read_folder};

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

    /// Every component file, as the plug-in that it is or with the reason why it is none.
    pub(super) async fn contents(&self) -> anyhow::Result<Vec<Result<Validated, CandidateError>>> {
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
    pub(super) async fn plugins(&self) -> anyhow::Result<Vec<Validated>> {
        Ok(self.contents().await?.into_iter().flatten().collect())
    }

    /// Whether the folder itself holds a component file of this name.
    pub(super) fn has(&self, file: &str) -> bool {
        file.ends_with(".wasm") && !file.contains(['/', '\\']) && self.path.join(file).is_file()
    }
}
