//! Why a home cannot be served, in one paragraph.
//!
//! What is wrong in a file is shown at its place there. No message repeats a secret.

use std::io;
use std::path::{Path, PathBuf};

use dropins_host::EngineError;
use dropins_replay::OpenError;

use crate::clients::SourceError;
use crate::config::Problems;
use crate::database::StoreError;
use crate::live::LiveError;
use crate::tls::TlsError;
use crate::tokens;
use crate::users::UserError;

/// Why a home cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
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
    /// The configuration is right, but what it names is not.
    #[error("{}", explain(path, error))]
    Live {
        /// The configuration file.
        path: PathBuf,
        /// Everything that is wrong.
        error: LiveError,
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
    /// The identity database cannot be read.
    #[error(transparent)]
    Clients(#[from] StoreError),
    /// The TLS identity cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The administrator cannot be made.
    #[error("the user of [super_admin] cannot be made: {0}")]
    SuperAdmin(#[from] UserError),
    /// The keys that sign tokens cannot be used.
    #[error(transparent)]
    SigningKeys(#[from] tokens::FileError),
}

impl StartError {
    /// The error on one line, for the log; [`std::fmt::Display`] shows the places in question as well.
    pub fn summary(&self) -> String {
        match self {
            Self::Config { path, problems } => format!("{}:{problems}", path.display()),
            Self::Live { path, error } => format!("{}: {error}", path.display()),
            other => other.to_string(),
        }
    }

    /// Whether the same home may be served another time, without anybody having changed its configuration or its plug-ins.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Read { .. } => true,
            Self::Live { error, .. } => error.may_pass,
            Self::Sources(error) => error.may_pass(),
            Self::Database(error) => {
                matches!(error, OpenError::Locked { .. } | OpenError::DiskFull { .. } | OpenError::Unreachable { .. })
            }
            Self::Clients(error) => matches!(error, StoreError::Conflict | StoreError::Unavailable { .. }),
            Self::NoHome { .. }
            | Self::Config { .. }
            | Self::Engine(_)
            | Self::Tls(_)
            | Self::SuperAdmin(_)
            | Self::SigningKeys(_) => false,
        }
    }
}

fn explain(path: &Path, error: &LiveError) -> String {
    let problems = (!error.problems.is_empty()).then(|| error.problems.render(&path.display().to_string(), false));
    error.plugins.iter().map(|plugin| format!("error: {plugin}")).chain(problems).collect::<Vec<_>>().join("\n\n")
}
