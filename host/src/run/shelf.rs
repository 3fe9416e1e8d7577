//! What was compiled last, by the digest of its bytes.
//!
//! Validating the same bytes again costs nothing, as when a configuration changes and its plug-ins do not. A rejected
//! component is not kept.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use dropins_services::Digest;

/// Enough for what serves, what is tried out, and a way back; each entry holds a megabyte or two of native code.
const CAPACITY: usize = 8;

/// The entries that were used last, newest first.
pub(crate) struct Shelf<T> {
    entries: Mutex<VecDeque<(Digest, T)>>,
    hits: AtomicUsize,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { entries: Mutex::default(), hits: AtomicUsize::default() }
    }
}

impl<T: Clone> Shelf<T> {
    /// The entry of these bytes, if it is still there.
    pub(crate) fn get(&self, digest: Digest) -> Option<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(other, _)| *other == digest)?;
        let entry = entries.remove(at)?;
        let found = entry.1.clone();
        entries.push_front(entry);
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(found)
    }

    /// Whether the entry of these bytes is still there; counts as no use.
    pub(crate) fn holds(&self, digest: Digest) -> bool {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|(other, _)| *other == digest)
    }

    /// How often an entry was still there.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }

    /// Keeps an entry and evicts the one that was not used for longest.
    pub(crate) fn put(&self, digest: Digest, entry: T) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(other, _)| *other != digest);
        entries.push_front((digest, entry));
        entries.truncate(CAPACITY);
    }
}
