//! What builds a candidate: in a server the release itself, in tests whatever a test needs.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::live::{BuildError, PendingRestart, Release, Resources, Snapshot};

/// Builds a candidate.
pub trait Builder: Send + Sync {
    /// Builds everything that the snapshot describes, as [`Release::build`] does.
    fn build(
        &self,
        snapshot: Arc<Snapshot>,
        resources: Resources,
        number: u64,
        held: Vec<PendingRestart>,
    ) -> BoxFuture<'static, Result<Release, BuildError>>;
}

/// Builds releases.
pub struct Releases;

impl Builder for Releases {
    fn build(
        &self,
        snapshot: Arc<Snapshot>,
        resources: Resources,
        number: u64,
        held: Vec<PendingRestart>,
    ) -> BoxFuture<'static, Result<Release, BuildError>> {
        Box::pin(Release::build(snapshot, resources, number, held))
    }
}
