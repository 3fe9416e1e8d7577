//! Why a candidate is rejected.

use crate::contract::description::DescriptionError;
use crate::contract::surface::ContractError;
use crate::load::compile_cost::TooCostly;
use crate::run::compiler::CompileError;
use crate::run::failure::Failure;

/// Why a file is not a plug-in.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct CandidateError {
    /// The file.
    pub file: String,
    /// Why it is rejected. It is part of the message, so it is not the error's source.
    pub reason: CandidateRefusal,
}

/// The reason why a candidate is rejected.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CandidateRefusal {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(String),
    /// A folder, device, socket or the like.
    #[error("it is not a regular file")]
    NotAFile,
    /// Larger than allowed.
    #[error("it is larger than {limit} bytes, the limit of a component (`component_size` in [limits])")]
    Size {
        /// The limit in bytes.
        limit: u64,
    },
    /// Not a component of a served version with granted imports only.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// Compiling it would cost too much.
    #[error("it costs too much to compile: {0}")]
    Cost(#[from] TooCostly),
    /// It does not compile.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// The compiler panicked or took too long.
    #[error("it does not compile: {0}")]
    Compiler(#[from] CompileError),
    /// Its types differ from the contract's.
    #[error("it does not link, although its names are right; its WIT text differs from this host's: {0}")]
    Link(String),
    /// It failed to describe itself.
    #[error("it fails to describe itself: {0}")]
    Describe(Failure),
    /// Its section `dropins:names` differs from its description.
    #[error("its section `dropins:names` says {section}, but it describes itself as {described}")]
    Names {
        /// The names in the section.
        section: String,
        /// The name and aliases in the description.
        described: String,
    },
    /// Its description is unusable.
    #[error("its description is unusable: {0}")]
    Description(#[from] DescriptionError),
}

impl CandidateRefusal {
    /// Whether the unchanged file may be accepted later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read(_) | Self::Compiler(CompileError::Busy) => true,
            Self::Describe(failure) => failure.is_transient(),
            Self::NotAFile
            | Self::Size { .. }
            | Self::Contract(_)
            | Self::Cost(_)
            | Self::Compile(_)
            | Self::Compiler(_)
            | Self::Names { .. }
            | Self::Link(_)
            | Self::Description(_) => false,
        }
    }
}
