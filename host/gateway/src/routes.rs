//! What a path of an upstream is.

use dropins_config::{JudgedEndpoint, Upstream as Config};

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// An endpoint that authenticates clients.
    Judged(JudgedEndpoint),
    /// The metadata of the upstream.
    Metadata,
    /// It is forwarded unjudged.
    Pass,
}

/// The use of a path that has one reading only; nothing when it is not configured.
pub(crate) fn route(config: &Config, path: &str) -> Option<Route> {
    if let Some(endpoint) = config.judged.find(path) {
        return Some(Route::Judged(endpoint));
    }
    if config.metadata_paths().iter().any(|metadata| metadata == path) {
        return Some(Route::Metadata);
    }
    config.pass.iter().any(|pass| pass.matches(path)).then_some(Route::Pass)
}
