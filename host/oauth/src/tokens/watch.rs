//! The token-signing keys of a running server: read at the start, and again whenever a file comes or goes.
//!
//! Files that cannot be read change nothing: the server signs on with the keys that it has, and says so once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_util::task::AbortOnDropHandle;

use super::files::{self, FileError, KeyFile};
use super::key_ring::KeyRing;
use dropins_config::Home;

/// How often the folder is looked at.
const POLL: Duration = Duration::from_secs(2);

/// The token-signing keys of a home.
pub struct SigningKeys {
    home: Home,
    ring: ArcSwap<KeyRing>,
    read: Mutex<Vec<KeyFile>>,
}

impl SigningKeys {
    /// Reads the keys. Blocks on the disk.
    ///
    /// # Errors
    /// [`FileError`] if an algorithm has no key, or a key cannot be used.
    pub fn open(home: &Home) -> Result<Self, FileError> {
        let found = files::list(home)?;
        let ring = files::read(home, &found)?;
        Ok(Self { home: home.clone(), ring: ArcSwap::from_pointee(ring), read: Mutex::new(found) })
    }

    /// The keys as they were last read.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// Reads the keys anew if a file came or went; tells whether one did. Blocks on the disk.
    ///
    /// # Errors
    /// [`FileError`] when they cannot be used; the old ones stay.
    pub fn refresh(&self) -> Result<bool, FileError> {
        let found = files::list(&self.home)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read == found {
            return Ok(false);
        }
        self.ring.store(Arc::new(files::read(&self.home, &found)?));
        *read = found;
        Ok(true)
    }

    /// Looks for new keys every two seconds.
    pub fn watch(self: Arc<Self>) -> AbortOnDropHandle<()> {
        let task = async move {
            let mut failed = false;
            loop {
                tokio::time::sleep(POLL).await;
                let keys = Arc::clone(&self);
                match tokio::task::spawn_blocking(move || keys.refresh()).await {
                    Ok(Ok(changed)) => {
                        failed = false;
                        if changed {
                            tracing::info!("the token-signing keys were read anew");
                        }
                    }
                    Ok(Err(error)) if !failed => {
                        tracing::error!(%error, "the token-signing keys cannot be read anew; the known ones stay");
                        failed = true;
                    }
                    _ => {}
                }
            }
        };
        AbortOnDropHandle::new(tokio::spawn(task))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_protocol::TokenAlgorithm;

    #[test]
    fn a_new_key_is_seen_and_a_broken_one_changes_nothing() {
        const ES256: TokenAlgorithm = TokenAlgorithm::Es256;
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        std::fs::create_dir_all(home.security()).unwrap();
        assert!(matches!(SigningKeys::open(&home), Err(FileError::Missing { .. })));
        for (algorithm, pem) in files::first_keys().unwrap() {
            std::fs::write(home.token_signing_key(algorithm), pem.as_bytes()).unwrap();
        }
        let keys = SigningKeys::open(&home).unwrap();
        assert!(!keys.refresh().unwrap());

        let longest = Duration::from_secs(60);
        let rotation = files::rotate(&home, &[ES256], 100, Duration::ZERO, longest).unwrap();
        assert!(keys.refresh().unwrap() && !keys.refresh().unwrap());
        assert_eq!(keys.ring().current_kid(ES256, 100), rotation.keys[0].kid);

        std::fs::write(home.token_signing_key_from(TokenAlgorithm::Rs256, 200), "x").unwrap();
        assert!(keys.refresh().is_err());
        assert_eq!(keys.ring().current_kid(ES256, 200), rotation.keys[0].kid);
    }
}
