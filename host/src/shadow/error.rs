//! Why a shadow does not run.

use crate::contract::description::Problem;

/// Why a shadow does not run. Its handler serves nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShadowError {
    /// There is no such component, or it was rejected.
    #[error("the shadow {file} does not run: the folder has no plug-in in a file of this name")]
    Missing {
        /// The file.
        file: String,
    },
    /// It rejects the properties of the listener entry.
    #[error("the shadow {file} does not run: it rejects {}", first(.problems))]
    Properties {
        /// The file.
        file: String,
        /// Every problem that it found.
        problems: Vec<Problem>,
    },
    /// It failed while it checked the properties.
    #[error("the shadow {file} does not run: it was asked about its properties, and {failure}")]
    Failed {
        /// The file.
        file: String,
        /// How.
        failure: String,
    },
}

fn first(problems: &[Problem]) -> String {
    problems.first().map_or_else(String::new, |problem| format!("{}: {}", problem.property, problem.message))
}
