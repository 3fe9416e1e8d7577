//! The keystores of a server in which clients may have certificates: `keystore.primary`, then `truststore`.
//!
//! An alias that the primary store holds, as whatever kind of entry, is never looked up in the truststore: the
//! certificate of the server's own key is often there too.

use std::sync::Arc;

use super::lookup_error::StoreLookupError;
use super::watched::WatchedKeystore;
use crate::finding::Finding;
use crate::key_set::KeySet;

/// The keystores of one server.
#[derive(Debug, Clone, Default)]
pub struct CertificateStores {
    primary: Option<Arc<WatchedKeystore>>,
    trust: Option<Arc<WatchedKeystore>>,
}

impl CertificateStores {
    /// Takes the stores that are configured.
    #[must_use]
    pub fn new(primary: Option<WatchedKeystore>, trust: Option<WatchedKeystore>) -> Self {
        Self { primary: primary.map(Arc::new), trust: trust.map(Arc::new) }
    }

    /// The keys of a client. Checks the files for a change at most once a second.
    ///
    /// # Errors
    /// [`StoreLookupError`] if the alias exists and is not a client's.
    pub async fn key_set(&self, client_id: &str) -> Result<Option<Arc<KeySet>>, StoreLookupError> {
        for store in self.all() {
            store.refresh().await;
        }
        self.find(client_id)
    }

    /// The keys of a client in the stores as they were last read. Returns `None` if no store has the alias.
    ///
    /// # Errors
    /// [`StoreLookupError`] if the alias exists and is not a client's.
    pub fn find(&self, client_id: &str) -> Result<Option<Arc<KeySet>>, StoreLookupError> {
        self.first(|store| store.clients().key_set(client_id))
    }

    /// The findings about a client's certificate at `now`, in seconds since the Unix epoch. Returns `None` if no
    /// store has the alias.
    ///
    /// # Errors
    /// [`StoreLookupError`] if the alias exists and is not a client's.
    pub fn lint(&self, client_id: &str, now: i64) -> Result<Option<Vec<Finding>>, StoreLookupError> {
        self.first(|store| store.clients().lint(client_id, now))
    }

    /// The truststore, if one is configured: its certificates are also roots for TLS.
    #[must_use]
    pub fn trust(&self) -> Option<&Arc<WatchedKeystore>> {
        self.trust.as_ref()
    }

    fn all(&self) -> impl Iterator<Item = &Arc<WatchedKeystore>> {
        self.primary.iter().chain(&self.trust)
    }

    fn first<T>(
        &self,
        look: impl Fn(&WatchedKeystore) -> Result<Option<T>, StoreLookupError>,
    ) -> Result<Option<T>, StoreLookupError> {
        self.all().find_map(|store| look(store).transpose()).transpose()
    }
}

#[cfg(test)]
mod tests;
