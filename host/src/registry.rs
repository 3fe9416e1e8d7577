//! Holds the live generation and replaces it in one step.
//!
//! A request keeps the generation that it began with to its end, so no request sees two of them.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::decision::Decision;
use crate::generation::Generation;
use crate::request::Request;

/// The live generation.
pub struct Registry(ArcSwap<Generation>);

impl Registry {
    /// A registry that serves this generation.
    pub fn new(generation: Generation) -> Self {
        Self(ArcSwap::from_pointee(generation))
    }

    /// Replaces the live generation and returns the old one, at rest. Requests that began on it finish on it.
    pub fn publish(&self, generation: Generation) -> Arc<Generation> {
        let old = self.0.swap(Arc::new(generation));
        old.rest();
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
