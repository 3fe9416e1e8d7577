//! Why a home cannot be served, by phase: opening what it names, building what it describes.
//!
//! What is wrong in a file is shown at its place there. No message repeats a secret.

use std::path::{Path, PathBuf};

use dropins_config::Problems;
use dropins_host::EngineError;
use dropins_oauth::clients::SourceError;
use dropins_replay::OpenError;

use super::report::LiveError;
use super::tls::TlsError;

/// Why a resource cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// The address of a store is wrong where it is written.
    #[error("{}", problems.render(&path.display().to_string(), false))]
    Address {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong.
        problems: Problems,
    },
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The replay store or the identity database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// A keystore or the fetcher of key sets cannot be opened.
    #[error(transparent)]
    Sources(#[from] SourceError),
}

impl ResourceError {
    /// The error on one line, for the log.
    pub fn summary(&self) -> String {
        match self {
            Self::Address { path, problems } => format!("{}:{problems}", path.display()),
            other => other.to_string(),
        }
    }

    /// Whether opening it again can succeed without a change of the home.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Sources(error) => error.is_transient(),
            Self::Database(error) => {
                matches!(error, OpenError::Locked { .. } | OpenError::DiskFull { .. } | OpenError::Unreachable { .. })
            }
            Self::Address { .. } | Self::Engine(_) => false,
        }
    }
}

/// Why what a configuration describes cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration is right, but what it names is not.
    #[error("{}", explain(path, error))]
    Live {
        /// The configuration file.
        path: PathBuf,
        /// Everything that is wrong.
        error: LiveError,
    },
    /// The TLS identity cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl BuildError {
    /// The error on one line, for the log; [`std::fmt::Display`] shows the places in question as well.
    pub fn summary(&self) -> String {
        match self {
            Self::Live { path, error } => format!("{}: {error}", path.display()),
            other => other.to_string(),
        }
    }

    /// Whether the same contents can be built at another time.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Live { error, .. } if error.is_transient)
    }
}

fn explain(path: &Path, error: &LiveError) -> String {
    let problems = (!error.problems.is_empty()).then(|| error.problems.render(&path.display().to_string(), false));
    error.plugins.iter().map(|plugin| format!("error: {plugin}")).chain(problems).collect::<Vec<_>>().join("\n\n")
}
