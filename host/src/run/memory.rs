//! The memory limit of one store.
//!
//! All memories of its instances count together. Refuses to grow beyond the limit and remembers that it did, so a failure
//! can say why.

use wasmtime::ResourceLimiter;

/// Memories of one component.
pub(crate) const MAX_MEMORIES: usize = 4;

/// Core instances of one component.
pub(crate) const MAX_CORE_INSTANCES: usize = 64;

/// Tables of one component.
pub(crate) const MAX_TABLES: usize = 8;

/// Elements of a table; Rust components use a few hundred.
const MAX_TABLE_ELEMENTS: usize = 20_000;

/// Refuses memory beyond the limit.
pub(crate) struct MemoryLimiter {
    limit: usize,
    used: usize,
    /// The last growth, which may still fail.
    granted: usize,
    refused: Option<usize>,
}

impl MemoryLimiter {
    /// Allows this many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: 0, granted: 0, refused: None }
    }

    /// The bytes of all memories; they never shrink.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// The bytes that were refused last, if any.
    pub(crate) fn refused(&self) -> Option<usize> {
        self.refused
    }

    /// For the next request on the same instance: its memories stay, what was refused is forgotten.
    pub(crate) fn renewed(&self) -> Self {
        Self { granted: 0, refused: None, ..*self }
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        let wanted = self.used.saturating_add(growth);
        if wanted > self.limit {
            self.refused = Some(wanted);
            return Ok(false);
        }
        (self.used, self.granted) = (wanted, growth);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.used = self.used.saturating_sub(std::mem::take(&mut self.granted));
        Ok(())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_count_together_and_a_growth_that_fails_counts_for_nothing() {
        let mut limiter = MemoryLimiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 41, None).unwrap());
        assert_eq!(limiter.refused(), Some(101));
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        limiter.memory_grow_failed(wasmtime::Error::msg("no room")).unwrap();
        assert!(limiter.memory_growing(60, 100, None).unwrap());
        let mut renewed = limiter.renewed();
        assert_eq!(renewed.refused(), None);
        assert!(!renewed.memory_growing(100, 101, None).unwrap(), "the memories of a reused instance still count");
    }
}
