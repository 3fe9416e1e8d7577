//! What builds a candidate: in a server the release itself, in tests whatever a test needs.

use futures_util::future::BoxFuture;

use dropins_live::{BuildError, Compiled, Release};

/// Builds a candidate.
pub trait Builder: Send + Sync {
    /// Builds everything that the snapshot describes, as [`Release::build`] does.
    fn build(&self, compiled: Compiled, number: u64) -> BoxFuture<'static, Result<Release, BuildError>>;
}

/// Builds releases.
pub struct Releases;

impl Builder for Releases {
    fn build(&self, compiled: Compiled, number: u64) -> BoxFuture<'static, Result<Release, BuildError>> {
        Box::pin(Release::build(compiled, number))
    }
}
