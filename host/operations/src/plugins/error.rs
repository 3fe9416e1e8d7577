//! Why a plug-in is not installed or not removed.

use std::io;
use std::path::PathBuf;

use dropins_host::{CandidateError, EngineError};
use dropins_live::Unfit;

use super::destination::Occupied;

/// Why a plug-in is not installed or not removed.
#[derive(Debug, thiserror::Error)]
pub enum PluginsError {
    /// The home has no plug-in folder.
    #[error("there is no plug-in folder {}; make a home with `dropins init --home {}`", path.display(), home.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// The home.
        home: PathBuf,
    },
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The folder cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is no plug-in.
    #[error(transparent)]
    Candidate(#[from] CandidateError),
    /// There is no file for it.
    #[error(transparent)]
    Occupied(#[from] Occupied),
    /// A start with it would be refused.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// What it replaces cannot be kept.
    #[error("the component in {} cannot be kept for a rollback: {error}", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file cannot be written.
    #[error("{} cannot be written: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file cannot be removed.
    #[error("{} cannot be removed: {error}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// No file is meant.
    #[error("no plug-in of {} is named `{name}`; `dropins plugin list` shows them", folder.display())]
    Unknown {
        /// The name that was given.
        name: String,
        /// The folder.
        folder: PathBuf,
    },
    /// Several files are meant.
    #[error("`{name}` names several files; give one of them: {}", files.join(", "))]
    Several {
        /// The name that was given.
        name: String,
        /// The files.
        files: Vec<String>,
    },
    /// An enabled listener needs it.
    #[error(
        "the enabled listener `{listener}` needs {file}; set enable = false in its [[event_listener]] first, or give \
         --force"
    )]
    Needed {
        /// The label of the listener.
        listener: String,
        /// The file.
        file: String,
    },
    /// The configuration cannot be read, so it is not known whether a listener needs it.
    #[error("it is not clear whether a listener needs it; repair the configuration, or give --force")]
    Unclear,
}
