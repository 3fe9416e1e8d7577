//! Whether the last signature that was checked against the keys of one published set was wrong.
//!
//! Then a key may have been replaced under its `kid`, or without one, and the set is worth a refresh. A set that is
//! fetched later has a note of its own. Keys of one request are tried in turn, so a later success takes the note back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Shared by the keys of one set.
#[derive(Debug, Clone, Default)]
pub(crate) struct FailureNote(Arc<AtomicBool>);

impl FailureNote {
    /// Notes the result of a verification.
    pub(crate) fn record(&self, verified: bool) {
        self.0.store(!verified, Relaxed);
    }

    /// Whether the last verification failed.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }
}
