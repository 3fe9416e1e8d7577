//! A keystore file that is read again when it changes.
//!
//! The first request a second after a change sees it. A broken or missing file is logged once, and the last good
//! content stays in use. Files are read and parsed off the async threads.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::clients::ClientCertificates;
use super::error::KeystoreError;
use super::store::Keystore;

/// How often the file is checked for a change.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a request waits for a file system that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A keystore file.
pub struct WatchedKeystore {
    path: PathBuf,
    name: String,
    password: Zeroizing<String>,
    current: ArcSwap<ClientCertificates>,
    looked: Mutex<Instant>,
    seen: Mutex<Option<Stamp>>,
    interval: Duration,
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    size: u64,
    inode: (u64, u64),
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            size: metadata.size(),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

/// Returns `None` if there is no file.
fn stamp(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).ok().as_ref().map(Stamp::from)
}

impl std::fmt::Debug for WatchedKeystore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WatchedKeystore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl WatchedKeystore {
    /// Reads the file. Blocks for a fraction of a second, mostly for the key derivation of PKCS#12.
    ///
    /// # Errors
    /// [`KeystoreError`] names the file and the reason.
    pub fn open(path: impl Into<PathBuf>, password: Zeroizing<String>) -> Result<Self, KeystoreError> {
        let path = path.into();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        // Before reading, so that a change in between is noticed.
        let seen = stamp(&path);
        let store = Keystore::open(&path, &password)?;
        let current = ArcSwap::from_pointee(ClientCertificates::new(store, name.clone()));
        let (looked, seen) = (Mutex::new(Instant::now()), Mutex::new(seen));
        Ok(Self { path, name, password, current, looked, seen, interval: INTERVAL })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The imported certificates, DER, as they were last read: further roots for TLS.
    #[must_use]
    pub fn trusted_certificates(&self) -> Vec<Vec<u8>> {
        self.clients().store().trusted_certificates().map(<[u8]>::to_vec).collect()
    }

    /// The content as it was last read.
    pub(super) fn clients(&self) -> Arc<ClientCertificates> {
        self.current.load_full()
    }

    /// Reads the file if it has changed; checks at most once a second.
    pub(super) async fn refresh(self: &Arc<Self>) {
        if self.is_due() {
            self.reread().await;
        }
    }

    /// Reads the file if it has changed.
    pub(super) async fn reread(self: &Arc<Self>) {
        let store = Arc::clone(self);
        let check = tokio::task::spawn_blocking(move || store.check());
        // A hanging file system or a shutdown does not fail the request: it uses the last content.
        let _late = tokio::time::timeout(PATIENCE, check).await;
    }

    fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.elapsed() >= self.interval;
        if due {
            *looked = Instant::now();
        }
        due
    }

    /// Checks the file now. Returns false if it has not changed, or another request is checking.
    fn check(&self) -> bool {
        let Ok(mut seen) = self.seen.try_lock() else { return false };
        let now = stamp(&self.path);
        if *seen == now {
            return false;
        }
        *seen = now;
        match Keystore::open(&self.path, &self.password) {
            Ok(store) => {
                tracing::info!(keystore = %self.path.display(), entries = store.entries().len(), "keystore read again");
                self.current.store(Arc::new(ClientCertificates::new(store, self.name.clone())));
            }
            Err(error) => tracing::error!("{error}; its last good content stays in use"),
        }
        true
    }
}

#[cfg(test)]
mod tests;
