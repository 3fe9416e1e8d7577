//! The keystores of a server in which clients may have certificates: `keystore.primary`, then `truststore`.
//!
//! An alias that the primary store holds, as whatever kind of entry, is never looked up in the truststore: the
//! certificate of the server's own key is often there too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::lookup_error::StoreLookupError;
use super::watched::WatchedKeystore;
use crate::finding::Finding;
use crate::key_set::KeySet;
use crate::text::quoted;

/// An alias that would authenticate several clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the clients {} differ in case alone, and the keystore alias {} would authenticate each of them: rename all but one, \
     or register their keys with them",
    client_ids.iter().map(|id| quoted(id)).collect::<Vec<_>>().join(" and "),
    quoted(alias)
)]
pub struct SharedAlias {
    /// The alias, as the file spells it.
    pub alias: String,
    /// The ids of the clients.
    pub client_ids: Vec<String>,
}

/// The keystores of one server.
#[derive(Debug, Clone, Default)]
pub struct CertificateStores {
    primary: Option<Arc<WatchedKeystore>>,
    trust: Option<Arc<WatchedKeystore>>,
    idle: Vec<String>,
}

impl CertificateStores {
    /// Takes the stores that are configured.
    #[must_use]
    pub fn new(primary: Option<WatchedKeystore>, trust: Option<WatchedKeystore>) -> Self {
        Self { primary: primary.map(Arc::new), trust: trust.map(Arc::new), idle: Vec::new() }
    }

    /// Names keystore files that are beside these and not configured, for [`CertificateStores::lack`].
    #[must_use]
    pub fn beside(self, idle: Vec<String>) -> Self {
        Self { idle, ..self }
    }

    /// Why a client whose alias no store has is not found, in words that follow "and".
    #[must_use]
    pub fn lack(&self) -> String {
        let lack = match self.all().next() {
            None => "no keystore is configured",
            Some(_) => "no configured keystore has an entry with this alias",
        };
        match self.idle.as_slice() {
            [] => lack.to_owned(),
            idle => format!("{lack}; {} in repository/resources/security is not configured", idle.join(", ")),
        }
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

    /// Checks the files for a change now, however short ago they were checked.
    pub async fn reread(&self) {
        for store in self.all() {
            store.reread().await;
        }
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

    /// The alias under which the client is found, if it is not exactly the client id. It is the key of another client if
    /// one has exactly this id: then reject with [`StoreLookupError::other_client`].
    #[must_use]
    pub fn folded_alias(&self, client_id: &str) -> Option<String> {
        self.alias(client_id).filter(|alias| alias != client_id)
    }

    /// The aliases that several of these clients would share, since their ids differ in case alone: a configuration
    /// with such clients is ambiguous.
    #[must_use]
    pub fn clients_sharing_alias<'a>(&self, client_ids: impl IntoIterator<Item = &'a str>) -> Vec<SharedAlias> {
        let mut sharing = BTreeMap::<String, BTreeSet<&str>>::new();
        for client_id in client_ids {
            if let Some(alias) = self.alias(client_id) {
                sharing.entry(alias).or_default().insert(client_id);
            }
        }
        let shared = sharing.into_iter().filter(|(_, ids)| ids.len() > 1);
        shared
            .map(|(alias, ids)| SharedAlias { alias, client_ids: ids.into_iter().map(str::to_owned).collect() })
            .collect()
    }

    fn alias(&self, client_id: &str) -> Option<String> {
        // A client that is rejected shares nothing.
        self.first(|store| store.clients().alias(client_id)).ok().flatten()
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
