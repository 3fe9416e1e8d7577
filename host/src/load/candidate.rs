//! From the bytes of a file to a plug-in: `Candidate -> Validated`.
//!
//! A file is read once and judged by those bytes. A [`Validated`] exists only if the component is whole, speaks a served
//! version of the contract, imports nothing ungranted, compiles, links and describes itself, all within the limits.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use dropins_services::Digest;
use futures_util::future::BoxFuture;
use wasmtime::component::Component;

use crate::contract::description::Description;
use crate::contract::names;
use crate::contract::surface::Contract;
use crate::contract::text::excerpt;
use crate::contract::version::ApiVersion;
use crate::load::compile_cost;
use crate::load::refusal::{CandidateError, CandidateRefusal};
use crate::run::described::Described;
use crate::run::engine::Engine;
use crate::run::failure::Failure;
use crate::run::plugin::Plugin;
use crate::run::v0_2::plugin::V02;

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
    pub(crate) described: Described,
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
    /// [`CandidateError`] if it is not a regular file, too large or unreadable.
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

    /// The names under which a listener entry may mean it, read without compiling it: those of its section
    /// `dropins:names`, or else its file's name without the suffix. An unusable section has none.
    pub fn names(&self) -> Vec<String> {
        match names::of(&self.bytes) {
            Ok(Some(names)) => names,
            Ok(None) => vec![self.file.strip_suffix(".wasm").unwrap_or(&self.file).to_owned()],
            Err(_) => Vec::new(),
        }
    }

    /// The name in its section `dropins:names`, if it has a usable one.
    pub fn declared_name(&self) -> Option<String> {
        names::of(&self.bytes).ok().flatten()?.into_iter().next()
    }

    /// Whether these bytes were validated recently, so that [`Candidate::validate`] compiles nothing.
    pub fn is_validated(&self, engine: &Engine) -> bool {
        engine.shelf().holds(self.digest)
    }

    /// Size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Reads the component's surface without compiling it.
    ///
    /// # Errors
    /// [`CandidateError`] if the bytes are not a plug-in.
    pub fn contract(&self) -> Result<Contract, CandidateError> {
        Contract::of(&self.bytes).map_err(|error| self.refused(error.into()))
    }

    /// Checks, compiles, links and describes the component. Compilation runs on a thread of its own, one component at a
    /// time and for a bounded time; bytes that the engine validated recently are not compiled again.
    ///
    /// # Errors
    /// [`CandidateError`] with the first thing that is wrong.
    pub fn validate(self, engine: &Engine) -> BoxFuture<'_, Result<Validated, CandidateError>> {
        Box::pin(async move {
            if let Some(described) = engine.shelf().get(self.digest) {
                return Ok(Validated { file: self.file, described });
            }
            let (contract, plugin) = self.compile(engine).await.map_err(|reason| self.refused(reason))?;
            let Contract { version, names, .. } = contract;
            let description = plugin.describe().await.map_err(|failure| {
                self.refused(match failure {
                    Failure::Types(difference) => CandidateRefusal::Link(difference),
                    other => CandidateRefusal::Describe(other),
                })
            })?;
            let reads = description.check().map_err(|error| self.refused(error.into()))?;
            let described = || std::iter::once(&description.name).chain(&description.aliases);
            if let Some(names) = names.filter(|names| !names.iter().eq(described())) {
                let described = described().cloned().collect::<Vec<_>>().join(", ");
                return Err(self.refused(CandidateRefusal::Names { section: excerpt(&names.join(", ")), described }));
            }
            let described = Described {
                digest: self.digest,
                version,
                description: Arc::new(description),
                reads: Arc::new(reads),
                plugin,
            };
            engine.shelf().put(self.digest, described.clone());
            Ok(Validated { file: self.file, described })
        })
    }

    async fn compile(&self, engine: &Engine) -> Result<(Contract, Arc<dyn Plugin>), CandidateRefusal> {
        let bytes = Arc::clone(&self.bytes);
        let compiled = engine.compile(move |engine| {
            let contract = Contract::of(&bytes)?;
            compile_cost::check(&bytes)?;
            let component = Component::new(engine, &bytes);
            component
                .map(|component| (contract, component))
                .map_err(|error| CandidateRefusal::Compile(excerpt(&format!("{error:#}"))))
        });
        // A compiler panic rejects the component and nothing else.
        let (contract, component) = compiled.await.map_err(CandidateRefusal::Compiler)??;
        match contract.version {
            ApiVersion::V0_2 => match V02::link(engine, &component) {
                Ok(plugin) => Ok((contract, Arc::new(plugin))),
                Err(error) => Err(CandidateRefusal::Link(excerpt(&format!("{error:#}")))),
            },
        }
    }

    fn refused(&self, reason: CandidateRefusal) -> CandidateError {
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
        self.described.digest
    }

    /// The version of the contract that it speaks.
    pub fn version(&self) -> ApiVersion {
        self.described.version
    }

    /// Its description of itself.
    pub fn description(&self) -> &Description {
        &self.described.description
    }
}

impl std::fmt::Debug for Validated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Validated").field("file", &self.file).field("digest", &self.digest()).finish_non_exhaustive()
    }
}

fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, CandidateRefusal> {
    let unreadable = |error: std::io::Error| CandidateRefusal::Read(error.to_string());
    // Before opening, because opening a pipe would wait for its writer.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(CandidateRefusal::NotAFile);
    }
    let too_long = limit.saturating_add(1);
    // In one piece: a buffer that grows leaves holes of the size of the file. One byte more shows the end.
    let length = metadata.len().saturating_add(1).min(too_long);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(too_long).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit { Err(CandidateRefusal::Size { limit }) } else { Ok(bytes) }
}
