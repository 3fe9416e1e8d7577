//! The keystores of a server in which clients may have certificates: `keystore.primary`, then `truststore`.
//!
//! An alias that the primary store holds, for whatever, is never looked for in the other one: the certificate of the
//! server's own key is often in the truststore too.

use std::sync::Arc;

use dropins_services::KeyLookupError;

use super::EntryKind;
use super::watched::WatchedKeystore;
use crate::finding::{Finding, quoted};
use crate::key_set::KeySet;

/// Why a client's alias leads to no key: this client is refused, others are not affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the alias {} of the keystore {store} is no client's: {reason}", quoted(client_id))]
pub struct StoreLookupError {
    /// The client id that was looked for.
    pub client_id: String,
    /// Name of the keystore's file.
    pub store: String,
    /// What is wrong with the entry.
    pub reason: NotForClients,
}

impl StoreLookupError {
    pub(super) fn new(client_id: &str, store: &str, reason: NotForClients) -> Self {
        Self { client_id: client_id.to_owned(), store: store.to_owned(), reason }
    }
}

/// What makes an entry unfit for a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotForClients {
    /// Several aliases are the same but for case.
    #[error("{} differ in case alone; remove all but one", aliases.iter().map(|alias| quoted(alias)).collect::<Vec<_>>().join(" and "))]
    Ambiguous {
        /// The aliases.
        aliases: Vec<String>,
    },
    /// A key of the server itself.
    #[error("it is a {kind}, a key of the server's own; import the client's certificate as a trusted certificate")]
    Key {
        /// What the entry holds.
        kind: EntryKind,
    },
    /// A certificate that signs certificates.
    #[error("it is the certificate of an authority (CA:TRUE); import the client's own, or set its certificate_file")]
    Authority,
}

impl From<StoreLookupError> for KeyLookupError {
    fn from(error: StoreLookupError) -> Self {
        Self::Unusable(error.to_string())
    }
}

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

    /// The keys of a client, after a look at the files when the last one is older than a second.
    ///
    /// # Errors
    /// [`StoreLookupError`] when the alias is there and not a client's.
    pub async fn key_set(&self, client_id: &str) -> Result<Option<Arc<KeySet>>, StoreLookupError> {
        for store in self.all() {
            store.refresh().await;
        }
        self.find(client_id)
    }

    /// The keys of a client in the stores as they were last read; `None` when no store has the alias.
    ///
    /// # Errors
    /// [`StoreLookupError`] when the alias is there and not a client's.
    pub fn find(&self, client_id: &str) -> Result<Option<Arc<KeySet>>, StoreLookupError> {
        self.first(|store| store.clients().key_set(client_id))
    }

    /// What is to be said about a client's certificate at `now`, in seconds since the Unix epoch; `None` when no
    /// store has the alias.
    ///
    /// # Errors
    /// [`StoreLookupError`] when the alias is there and not a client's.
    pub fn lint(&self, client_id: &str, now: i64) -> Result<Option<Vec<Finding>>, StoreLookupError> {
        self.first(|store| store.clients().lint(client_id, now))
    }

    /// The truststore, when there is one: its certificates are also roots for TLS.
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
