//! The one wasmtime engine of a process: compiler settings, instance pool, epoch ticker, compile cache.
//!
//! Every engine has its ticker, so that no deadline is ever unarmed. A compile cache that others could
//! write to is refused: its files are native code.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{Cache, CacheConfig, Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::background::{Panicked, background};
use crate::shelf::Shelf;
use dropins_services::Limits;

/// Resolution of deadlines.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Plug-ins that one request may hold at once; more fall back to a refusal by the pool.
const INSTANCES_PER_REQUEST: usize = 2;

/// Instances beside those of requests: of plug-ins that are loaded, tried out, or shadow another one.
const SPARE_INSTANCES: usize = 16;

/// The largest pool: beyond it the reserved address space, 4 GiB a slot, becomes a problem of its own.
const MAX_SLOTS: usize = 4096;

/// Compiles components and holds their instances. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    limits: Limits,
    cache: Option<Cache>,
    permits: Arc<Semaphore>,
    shelf: Arc<Shelf>,
}

/// The engine cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The compile cache's folder cannot be used safely.
    #[error("the compile cache {path} cannot be used: {reason}")]
    Cache {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// This machine cannot run the engine.
    #[error("the WebAssembly engine does not start: {0}")]
    Start(String),
}

impl Engine {
    /// An engine with these limits. Compiled components are kept in `cache`, a folder that nobody but us
    /// may write to; it is made when missing.
    ///
    /// # Errors
    /// [`EngineError`] when the folder is not private or the machine lacks what the engine needs.
    pub fn new(limits: Limits, cache: Option<&Path>) -> Result<Self, EngineError> {
        let cache = cache.map(open_cache).transpose()?;
        let mut config = config(&limits, cache.as_ref());
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(&limits)));
        let inner = wasmtime::Engine::new(&config).or_else(|error| {
            // Containers may limit the address space that a pool reserves; slower is better than not at all.
            tracing::warn!(%error, "no instance pool on this machine; instances are allocated one by one");
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            wasmtime::Engine::new(&config).map_err(|error| EngineError::Start(format!("{error:#}")))
        })?;
        start_ticker(&inner).map_err(|error| EngineError::Start(error.to_string()))?;
        let permits = Arc::new(Semaphore::new(limits.concurrent_calls));
        Ok(Self { inner, limits, cache, permits, shelf: Arc::default() })
    }

    /// The limits of every plug-in.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How often a component was validated that was compiled in memory already.
    pub fn memory_hits(&self) -> usize {
        self.shelf.hits()
    }

    /// How often a compiled component was found in the cache on disk, and how often it was not.
    pub fn cache_hits_and_misses(&self) -> (usize, usize) {
        self.cache.as_ref().map_or((0, 0), |cache| (cache.cache_hits(), cache.cache_misses()))
    }

    /// Requests that are inside plug-ins now.
    pub fn in_flight(&self) -> usize {
        self.limits.concurrent_calls.saturating_sub(self.permits.available_permits())
    }

    /// One permit for each request that may be inside plug-ins.
    pub(crate) fn permits(&self) -> &Semaphore {
        &self.permits
    }

    /// Compiled plug-ins that may be needed again.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Runs a compilation in the background, after those that wait already: requests go first.
    pub(crate) async fn compile<T: Send + 'static>(
        &self,
        work: impl FnOnce(&wasmtime::Engine) -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let engine = self.inner.clone();
        background(move || work(&engine)).await
    }

    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }
}

fn config(limits: &Limits, cache: Option<&Cache>) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Four times faster multiplication for guests that verify signatures themselves.
        .wasm_wide_arithmetic(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack)
        .async_stack_size(limits.stack + (512 << 10))
        .cache(cache.cloned());
    config
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let slots = (limits.concurrent_calls * INSTANCES_PER_REQUEST + SPARE_INSTANCES).min(MAX_SLOTS);
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    // A component of one module comes with two small ones that the linker adds.
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(4))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(3))
        .total_stacks(slots)
        .max_memory_size(limits.memory)
        // Without the page-map scan, keeping pages means clearing them all: slower than not keeping any.
        .pagemap_scan(Enabled::Auto);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(2 << 20).table_keep_resident(64 << 10);
    }
    pool
}

/// Advances the epoch for as long as the engine lives.
fn start_ticker(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("dropins-epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}

fn open_cache(path: &Path) -> Result<Cache, EngineError> {
    let refuse = |reason: String| EngineError::Cache { path: path.to_owned(), reason };
    std::fs::create_dir_all(path).map_err(|error| refuse(error.to_string()))?;
    make_private(path).map_err(refuse)?;
    let path = path.canonicalize().map_err(|error| refuse(error.to_string()))?;
    let mut config = CacheConfig::new();
    config.with_directory(path);
    Cache::new(config).map_err(|error| refuse(format!("{error:#}")))
}

/// Only the owner may write where native code is loaded from.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    // Asked first: changing the mode of a link changes what it leads to.
    let metadata = std::fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_dir() {
        return Err("it is not a folder but a link".to_owned());
    }
    // The superuser may change the mode of what belongs to somebody else, who may then change it back.
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user than the one that runs the server".to_owned());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(|error| {
        format!("it cannot be made private ({error}); it must belong to the user that runs the server")
    })
}

#[cfg(not(unix))]
fn make_private(_path: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_compiler_that_panics_takes_nothing_down_with_it() {
        let engine = Engine::new(Limits::default(), None).unwrap();
        let panicked = engine.compile(|_| panic!("assertion failed in cranelift")).await;
        let panicked: Result<(), Panicked> = panicked;
        assert!(panicked.unwrap_err().0.contains("assertion failed in cranelift"));
        assert_eq!(engine.compile(|_| 1).await, Ok(1), "the next one has its turn");
    }

    #[cfg(unix)]
    #[test]
    fn the_compile_cache_becomes_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("compiled");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        Engine::new(Limits::default(), Some(&path)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn a_compile_cache_behind_a_link_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let real = home.path().join("real");
        std::fs::create_dir(&real).unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(&real, home.path().join("link")).unwrap();
        let refused = Engine::new(Limits::default(), Some(&home.path().join("link")));
        assert!(matches!(refused, Err(EngineError::Cache { .. })));
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o755, "nothing was changed");
    }
}
