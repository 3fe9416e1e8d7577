//! A home whose configuration was read and is right; nothing is opened yet.
//!
//! `serve`, `check` and `explain` begin here, so that what one accepts the others accept.

use std::path::PathBuf;
use std::{fs, io};

use dropins_database::{Location, ServerUrl};
use dropins_services::Digest;

use super::layout::Home;
use crate::language::environment::Environment;
use crate::language::problem::{Notice, Problems};
use crate::parse::parse;
use crate::sections::database::Database;
use crate::sections::deployment::Deployment;

/// A home that was read.
pub struct LoadedHome {
    /// The home.
    pub home: Home,
    /// The configuration.
    pub deployment: Deployment,
    /// What is worth a line.
    pub notices: Vec<Notice>,
    /// What placeholders in the configuration refer to.
    pub environment: Environment,
    /// Digest of the configuration's text.
    pub digest: Digest,
}

/// Why a home cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no configuration.
    #[error("there is no {}; make a home with `dropins init --home {}`", path.display(), home.display())]
    NoHome {
        /// The missing file.
        path: PathBuf,
        /// The home.
        home: PathBuf,
    },
    /// The configuration cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The configuration is wrong.
    #[error("{}", problems.render(&path.display().to_string(), false))]
    Config {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Problems,
    },
}

impl LoadError {
    /// The error on one line, for the log; [`std::fmt::Display`] shows the places in question as well.
    pub fn summary(&self) -> String {
        match self {
            Self::Config { path, problems } => format!("{}:{problems}", path.display()),
            other => other.to_string(),
        }
    }

    /// Whether reading the same home again can succeed without a change of its files.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Read { .. })
    }
}

impl LoadedHome {
    /// Reads the home's configuration with the variables of this process.
    ///
    /// # Errors
    /// [`LoadError`] when there is none or it is wrong.
    pub fn read(home: &Home, properties: &[(String, String)]) -> Result<Self, LoadError> {
        Self::read_with(home, Environment::of_process(home.root(), properties.to_vec()))
    }

    /// Reads the home's configuration with an environment that was captured before.
    ///
    /// # Errors
    /// [`LoadError`] when there is no configuration or it is wrong.
    pub fn read_with(home: &Home, environment: Environment) -> Result<Self, LoadError> {
        let path = home.deployment_toml();
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LoadError::NoHome { path: path.clone(), home: home.root().to_owned() },
            _ => LoadError::Read { path: path.clone(), error },
        })?;
        let (deployment, notices) =
            parse(&text, &environment).map_err(|problems| LoadError::Config { path, problems })?;
        Ok(Self { home: home.clone(), deployment, notices, environment, digest: Digest::of(text.as_bytes()) })
    }

    /// Where the identity database of this home is.
    pub fn identity_database(&self) -> Location {
        identity_database(&self.home, &self.deployment)
    }
}

/// Where the identity database of this home is, by this configuration.
pub fn identity_database(home: &Home, deployment: &Deployment) -> Location {
    match &deployment.database {
        Database::Sqlite => Location::Sqlite(home.database()),
        Database::Postgres(url) => Location::Postgres(server(home, url)),
        Database::Mysql(url) => Location::Mysql(server(home, url)),
    }
}

/// A server whose certificate file is, like every other file that the configuration names, relative to `conf`.
pub fn server(home: &Home, url: &ServerUrl) -> ServerUrl {
    url.clone().with_files_in(&home.conf())
}
