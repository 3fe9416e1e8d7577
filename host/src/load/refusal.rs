//! Why a candidate is rejected.

use crate::contract::description::DescriptionError;
use crate::contract::surface::ContractError;
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
    /// It does not compile.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// Its types differ from the contract's.
    #[error("it does not link, although its names are right; its WIT text differs from this host's: {0}")]
    Link(String),
    /// It failed to describe itself.
    #[error("it fails to describe itself: {0}")]
    Describe(Failure),
    /// Its description is unusable.
    #[error("its description is unusable: {0}")]
    Description(#[from] DescriptionError),
}

impl CandidateRefusal {
    /// Whether the unchanged file may be accepted later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read(_) => true,
            Self::Describe(failure) => failure.is_transient(),
            Self::NotAFile
            | Self::Size { .. }
            | Self::Contract(_)
            | Self::Compile(_)
            | Self::Link(_)
            | Self::Description(_) => false,
        }
    }
}
