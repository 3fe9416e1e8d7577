//! Holds the live generation and replaces it in one step.
//!
//! A request keeps the generation that it began with, so no request sees two of them.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::contract::decision::Decision;
use crate::contract::request::Request;
use crate::serve::generation::Generation;

/// The live generation, for an embedder that keeps nothing else beside it.
pub struct Registry(ArcSwap<Generation>);

impl Registry {
    /// A registry that serves this generation.
    pub fn new(generation: Generation) -> Self {
        Self(ArcSwap::from_pointee(generation))
    }

    /// Replaces the live generation and returns the old one without its idle instances. Requests that began on it
    /// finish on it.
    pub fn publish(&self, generation: Generation) -> Arc<Generation> {
        let old = self.0.swap(Arc::new(generation));
        old.release_idle_instances();
        old
    }

    /// The live generation.
    pub fn live(&self) -> Arc<Generation> {
        self.0.load_full()
    }

    /// Judges a request on the live generation.
    pub async fn authenticate(&self, request: &Request) -> Decision {
        self.live().authenticate(request).await
    }
}
