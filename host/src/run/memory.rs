//! The memory limit of one instance.
//!
//! Refuses to grow beyond it and remembers that it did, so a failure can say why.

use wasmtime::ResourceLimiter;

/// Refuses memory beyond the limit.
pub(crate) struct MemoryLimiter {
    limit: usize,
    refused: Option<usize>,
}

/// Elements of a table; Rust components use a few hundred.
const MAX_TABLE_ELEMENTS: usize = 20_000;

impl MemoryLimiter {
    /// Allows this many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, refused: None }
    }

    /// The bytes that were refused last, if any.
    pub(crate) fn refused(&self) -> Option<usize> {
        self.refused
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limit {
            self.refused = Some(desired);
        }
        Ok(desired <= self.limit)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        2
    }
}
