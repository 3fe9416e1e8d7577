//! Why listener entries and components do not make a generation.
//!
//! Every error names the entry, so an embedder can show its place in the configuration.

use dropins_services::{Binding, Digest};

use crate::contract::decision::PluginId;
use crate::contract::description::Problem;
use crate::trial::failure::CanaryFailure;

/// Why a listener entry and the components do not make a handler.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No entry is enabled, so no client could ever authenticate.
    #[error("no listener entry is enabled, so no client could ever authenticate")]
    Empty,
    /// No component answers to the entry.
    #[error("listener `{listener}` ({binding}) names no plug-in in the folder; present are: {present}")]
    NoPlugin {
        /// The entry's label.
        listener: String,
        /// The plug-in that it names.
        binding: Binding,
        /// The plug-ins in the folder.
        present: String,
    },
    /// Several components answer to the entry.
    #[error("listener `{listener}` ({binding}) names several plug-ins: {files}; remove one or bind by `file`")]
    Ambiguous {
        /// The entry's label.
        listener: String,
        /// The plug-in that it names.
        binding: Binding,
        /// Their files.
        files: String,
    },
    /// Two entries run plug-ins that claim one name.
    #[error("listeners `{first}` and `{second}` both run a plug-in named `{name}`")]
    SameName {
        /// The first entry.
        first: String,
        /// The second entry.
        second: String,
        /// The name.
        name: String,
    },
    /// The component is not the pinned one.
    #[error("listener `{listener}` pins {pinned}, but {file} is {found}")]
    Pin {
        /// The entry's label.
        listener: String,
        /// The digest that may run.
        pinned: Digest,
        /// The component's file.
        file: String,
        /// Its digest.
        found: Digest,
    },
    /// The plug-in rejects its properties.
    #[error("listener `{listener}`: {}", list(.problems))]
    Properties {
        /// The entry's label.
        listener: String,
        /// Every problem that the plug-in found.
        problems: Vec<Problem>,
    },
    /// The plug-in failed while it was tried out.
    #[error("listener `{listener}`: {file} ({plugin}) was tried out with {failure}")]
    Canary {
        /// The entry's label.
        listener: String,
        /// The component's file.
        file: String,
        /// The plug-in.
        plugin: PluginId,
        /// Which trial failed, what was expected, and what happened.
        failure: Box<CanaryFailure>,
    },
}

impl BindError {
    /// Whether the same entry and the same components may make a handler later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Canary { failure, .. } if failure.transient)
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{}: {}", p.property, p.message)).collect::<Vec<_>>().join("; ")
}
