//! The wasmtime engine of a process: compiler settings, instance pool, compile cache, and the plug-ins compiled last.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dropins_services::Limits;
use wasmtime::{Cache, Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::run::bulkhead::Bulkhead;
use crate::run::compiler::{CompileError, Compiler};
use crate::run::described::Described;
use crate::run::memory::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLES};
use crate::run::shelf::Shelf;
use crate::run::{compile_cache, epoch};

/// Instances of a plug-in for each request that may run in it: most of them wait for services.
const INSTANCES_PER_CALL: usize = 4;

/// Plug-ins that may have all their instances at once; more plug-ins share the pool evenly.
const FULL_PLUGINS: usize = 2;

/// Instances beside those of requests: for plug-ins that are being loaded or tried out, and for shadows.
const SPARE_INSTANCES: usize = 16;

/// The largest pool; every slot reserves 4 GiB of address space.
const MAX_SLOTS: usize = 4096;

/// Compiles components and holds their instances. Cheap to clone; a process needs one.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    limits: Limits,
    cache: Option<Cache>,
    in_flight: Arc<AtomicUsize>,
    shelf: Arc<Shelf<Described>>,
    compiler: Arc<Compiler>,
}

/// Why there is no engine.
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
    /// An engine with these limits. Compiled components are kept in `cache`, a folder that only the user of this
    /// process may write to; it is made if missing.
    ///
    /// # Errors
    /// [`EngineError`] if the folder is not private or the machine lacks what the engine needs.
    pub fn new(limits: Limits, cache: Option<&Path>) -> Result<Self, EngineError> {
        let unusable = |path: &Path, reason| EngineError::Cache { path: path.to_owned(), reason };
        let cache = cache.map(|path| compile_cache::open(path).map_err(|reason| unusable(path, reason))).transpose()?;
        let mut config = config(&limits, cache.as_ref());
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(&limits)));
        let inner = wasmtime::Engine::new(&config).or_else(|error| {
            // A container may limit the address space that a pool reserves.
            tracing::warn!(%error, "no instance pool on this machine; instances are allocated one by one");
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            wasmtime::Engine::new(&config).map_err(|error| EngineError::Start(format!("{error:#}")))
        })?;
        epoch::start_ticker(&inner).map_err(|error| EngineError::Start(error.to_string()))?;
        let compiler = Arc::new(Compiler::new(limits.compile_deadline));
        Ok(Self { inner, limits, cache, in_flight: Arc::default(), shelf: Arc::default(), compiler })
    }

    /// The limits of every plug-in.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How often a validated component was found compiled in memory.
    pub fn memory_hits(&self) -> usize {
        self.shelf.hits()
    }

    /// Hits and misses of the cache on disk.
    pub fn cache_hits_and_misses(&self) -> (usize, usize) {
        self.cache.as_ref().map_or((0, 0), |cache| (cache.cache_hits(), cache.cache_misses()))
    }

    /// Requests that are inside plug-ins now.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The places of a plug-in that shares the pool with others, `plugins` in all.
    pub(crate) fn bulkhead(&self, plugins: usize) -> Bulkhead {
        let share = slots(&self.limits).saturating_sub(SPARE_INSTANCES) / plugins.max(1);
        let instances = self.limits.concurrent_calls.saturating_mul(INSTANCES_PER_CALL).min(share).max(1);
        Bulkhead::new(self.limits.concurrent_calls, instances, &self.in_flight)
    }

    /// The plug-ins that were compiled last.
    pub(crate) fn shelf(&self) -> &Shelf<Described> {
        &self.shelf
    }

    /// Runs a compilation after those that were asked for before, for a bounded time.
    pub(crate) async fn compile<T: Send + 'static>(
        &self,
        work: impl FnOnce(&wasmtime::Engine) -> T + Send + 'static,
    ) -> Result<T, CompileError> {
        let engine = self.inner.clone();
        self.compiler.run(move || work(&engine)).await
    }

    /// The wasmtime engine.
    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }
}

fn config(limits: &Limits, cache: Option<&Cache>) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Four times faster multiplication in guests that verify signatures.
        .wasm_wide_arithmetic(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack)
        .async_stack_size(limits.stack + (512 << 10))
        .cache(cache.cloned());
    config
}

/// Instances that the pool has room for.
fn slots(limits: &Limits) -> usize {
    let instances = limits.concurrent_calls.saturating_mul(INSTANCES_PER_CALL * FULL_PLUGINS);
    instances.saturating_add(SPARE_INSTANCES).min(MAX_SLOTS)
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let slots = slots(limits);
    let total = |each: usize, most: usize| u32::try_from(slots.saturating_mul(each).min(most)).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(total(1, MAX_SLOTS))
        .total_core_instances(total(MAX_CORE_INSTANCES, usize::MAX))
        .total_memories(total(MAX_MEMORIES, MAX_SLOTS))
        .total_tables(total(MAX_TABLES, usize::MAX))
        .total_stacks(total(1, MAX_SLOTS))
        .max_memory_size(limits.memory)
        // Without the page-map scan all kept pages are cleared, which is slower than keeping none.
        .pagemap_scan(Enabled::Auto);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(2 << 20).table_keep_resident(64 << 10);
    }
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_compile_cache_behind_a_link_is_rejected() {
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
