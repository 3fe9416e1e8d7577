//! How long others may keep the server's published keys, and what follows for a planned rotation.

use std::time::Duration;

/// How long others may keep the published keys before they ask again.
pub const PUBLISHED_MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// How long a planned key is published before it signs, at least: until every reader of the published keys has asked
/// again, other nodes that take seconds to see a new key included.
pub const MIN_OVERLAP: Duration = Duration::from_secs(10 * 60);
