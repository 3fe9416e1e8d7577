//! The plug-ins that were validated last, compiled, by the digest of their bytes.
//!
//! Validating the same bytes again costs nothing, as when a configuration changes and its plug-ins do not. What was
//! refused is not kept.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::candidate::Validated;
use dropins_services::Digest;

/// Enough for what serves, what is tried, and a way back; each of them holds a megabyte or two of native code.
const CAPACITY: usize = 8;

/// The last used plug-ins, newest first.
#[derive(Default)]
pub(crate) struct Shelf {
    plugins: Mutex<VecDeque<Validated>>,
    hits: AtomicUsize,
}

impl Shelf {
    /// The plug-in of these bytes, when it is still there.
    pub(crate) fn take_down(&self, digest: Digest) -> Option<Validated> {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let at = plugins.iter().position(|plugin| plugin.digest == digest)?;
        let plugin = plugins.remove(at)?;
        plugins.push_front(plugin.clone());
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(plugin)
    }

    /// How often a plug-in was still there.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }

    /// Keeps a plug-in in place of the one that was not used for longest.
    pub(crate) fn put(&self, plugin: Validated) {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        plugins.retain(|other| other.digest != plugin.digest);
        plugins.push_front(plugin);
        plugins.truncate(CAPACITY);
    }
}
