//! The plug-in folder of a home, and what is in it.

use std::path::PathBuf;

use dropins_config::{Deployment, Home};
use dropins_host::{Candidate, CandidateError, Engine, Limits, read_folder};

use super::error::PluginsError;

/// The plug-in folder of a home.
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// What components are compiled with.
    pub engine: Engine,
    /// The configuration; `None` while it is wrong. Installing a plug-in may be what it lacks.
    pub deployment: Option<Deployment>,
    /// The home.
    pub(super) home: Home,
}

impl Folder {
    /// The folder of a home, with an engine of its own.
    ///
    /// # Errors
    /// [`PluginsError`] if there is no folder or no engine.
    pub fn open(home: Home, deployment: Option<Deployment>) -> Result<Self, PluginsError> {
        let limits = deployment.as_ref().map_or_else(Limits::default, |deployment| deployment.limits.clone());
        let engine = Engine::new(limits, Some(&home.compile_cache()))?;
        Self::with(home, deployment, engine)
    }

    /// The folder of a home, with this engine.
    ///
    /// # Errors
    /// [`PluginsError::NoFolder`].
    pub fn with(home: Home, deployment: Option<Deployment>, engine: Engine) -> Result<Self, PluginsError> {
        let path = home.dropins();
        if !path.is_dir() {
            return Err(PluginsError::NoFolder { path, home: home.root().to_owned() });
        }
        Ok(Self { path, engine, deployment, home })
    }

    /// The limit of a component file in bytes.
    pub fn component_size(&self) -> u64 {
        self.engine.limits().component_size
    }

    /// Every component file, or why it cannot be read.
    ///
    /// # Errors
    /// [`PluginsError::Read`] if the folder cannot be read.
    pub fn contents(&self) -> Result<Vec<Result<Candidate, CandidateError>>, PluginsError> {
        let found = read_folder(&self.path, self.component_size());
        found.map_err(|error| PluginsError::Read { path: self.path.clone(), error })
    }

    /// Whether the folder itself holds a component file of this name.
    pub(super) fn has(&self, file: &str) -> bool {
        file.ends_with(".wasm") && !file.contains(['/', '\\']) && self.path.join(file).is_file()
    }
}
