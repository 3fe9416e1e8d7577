//! What an upstream said about itself last.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tokio::time::Instant;

/// A metadata document.
pub(crate) type Document = Map<String, Value>;

/// Why there are no metadata. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The upstream has none at this path.
    #[error("it has none at {0}")]
    Missing(String),
    /// They cannot be had.
    #[error("{0}")]
    Failed(String),
}

/// What is known about one path.
pub(crate) struct Entry {
    /// When it was last asked for.
    pub(crate) asked: Instant,
    /// The last good document.
    pub(crate) good: Option<(Instant, Document)>,
    /// Why the last attempt failed.
    pub(crate) error: Option<MetadataError>,
}

/// What an upstream said last, by path.
#[derive(Default)]
pub(crate) struct Cache(pub(crate) tokio::sync::Mutex<BTreeMap<String, Entry>>);
