//! From bytes in a folder to a plug-in that may be published: `Candidate -> Validated`.
//!
//! A file is read once and judged by those very bytes. A [`Validated`] exists only when the component is
//! whole, speaks a served version of the contract, imports nothing ungranted, compiles, links and
//! describes itself, all within the limits.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::Component;

use crate::api::{ApiVersion, Failure, Plugin, v0_1::V01};
use crate::call::excerpt;
use crate::contract::{Contract, ContractError};
use crate::engine::Engine;
use crate::plugin::{Description, DescriptionError};
use crate::request::Reads;
use dropins_services::Digest;

/// The bytes of a file that may be a plug-in.
#[derive(Clone)]
pub struct Candidate {
    file: String,
    bytes: Arc<[u8]>,
    digest: Digest,
}

/// A plug-in that can be published.
#[derive(Clone)]
pub struct Validated {
    pub(crate) file: String,
    pub(crate) digest: Digest,
    pub(crate) version: ApiVersion,
    pub(crate) description: Arc<Description>,
    pub(crate) reads: Arc<Reads>,
    pub(crate) plugin: Arc<dyn Plugin>,
}

/// Why a file is not a plug-in.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct CandidateError {
    /// The file.
    pub file: String,
    /// Why it is refused. The message says it; as a source it would be said twice.
    pub reason: Refusal,
}

/// The reason that a candidate is refused for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
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

impl Refusal {
    /// Whether the same file may be accepted another time, without anybody having changed it.
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

impl Candidate {
    /// A candidate from bytes in memory; `file` names it in messages.
    pub fn new(file: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { file: file.into(), digest: Digest::of(&bytes), bytes }
    }

    /// Reads a file once, up to `limit` bytes.
    ///
    /// # Errors
    /// [`CandidateError`] when it is no regular file, too large or unreadable.
    pub fn read(path: &Path, limit: u64) -> Result<Self, CandidateError> {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match read_regular(path, limit) {
            Ok(bytes) => Ok(Self::new(file, bytes)),
            Err(reason) => Err(CandidateError { file, reason }),
        }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The digest of the bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The bytes themselves.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Reads the component's surface without compiling it.
    ///
    /// # Errors
    /// [`CandidateError`] when the bytes are no plug-in.
    pub fn contract(&self) -> Result<Contract, CandidateError> {
        Contract::of(&self.bytes).map_err(|error| self.refused(error.into()))
    }

    /// Checks, compiles, links and describes the component. What is slow runs on a blocking thread, one component
    /// at a time; bytes that the engine validated lately are not compiled again.
    ///
    /// # Errors
    /// [`CandidateError`] with the first thing that is wrong.
    pub async fn validate(self, engine: &Engine) -> Result<Validated, CandidateError> {
        if let Some(known) = engine.shelf().take_down(self.digest) {
            return Ok(Validated { file: self.file, ..known });
        }
        let (version, plugin) = self.compile(engine).await.map_err(|reason| self.refused(reason))?;
        let description = plugin.describe(engine).await.map_err(|failure| {
            self.refused(match failure {
                Failure::Types(difference) => Refusal::Link(difference),
                other => Refusal::Describe(other),
            })
        })?;
        let reads = description.check().map_err(|error| self.refused(error.into()))?;
        let validated = Validated {
            digest: self.digest,
            version,
            description: Arc::new(description),
            reads: Arc::new(reads),
            plugin,
            file: self.file,
        };
        engine.shelf().put(validated.clone());
        Ok(validated)
    }

    async fn compile(&self, engine: &Engine) -> Result<(ApiVersion, Arc<dyn Plugin>), Refusal> {
        let bytes = Arc::clone(&self.bytes);
        let compiled = engine.compile(move |engine| {
            let contract = Contract::of(&bytes)?;
            let component = Component::new(engine, &bytes);
            component
                .map(|component| (contract.version, component))
                .map_err(|error| Refusal::Compile(excerpt(&format!("{error:#}"))))
        });
        // A compiler that panics has refused the component; it must not take the host down with it.
        let (version, component) = compiled.await.map_err(|panic| Refusal::Compile(panic.to_string()))??;
        match version {
            ApiVersion::V0_1 => match V01::link(engine, &component) {
                Ok(plugin) => Ok((version, Arc::new(plugin))),
                Err(error) => Err(Refusal::Link(excerpt(&format!("{error:#}")))),
            },
        }
    }

    fn refused(&self, reason: Refusal) -> CandidateError {
        CandidateError { file: self.file.clone(), reason }
    }
}

impl Validated {
    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The version of the contract that it speaks.
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// What it says about itself.
    pub fn description(&self) -> &Description {
        &self.description
    }
}

impl std::fmt::Debug for Validated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Validated").field("file", &self.file).field("digest", &self.digest).finish_non_exhaustive()
    }
}

fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let unreadable = |error: std::io::Error| Refusal::Read(error.to_string());
    // Asked before opening: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Refusal::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit { Err(Refusal::Size { limit }) } else { Ok(bytes) }
}
