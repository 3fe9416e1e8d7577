//! The certificates of clients in one keystore: the alias is the client id.
//!
//! Rejects a key entry, which is the server's own, an authority, and an alias that others differ from in case alone.
//! A key is read at its first use and kept as long as the store.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::entry::{Entry, EntryKind};
use super::lookup_error::{NotForClients, StoreLookupError};
use super::store::Keystore;
use crate::certificate::Certificate;
use crate::finding::Finding;
use crate::key_set::{KeyInput, KeySet};

/// A store with an index.
#[derive(Debug)]
pub(super) struct ClientCertificates {
    store: Keystore,
    /// Name of the file, for messages.
    name: String,
    /// Places of entries by alias in ASCII lower case.
    places: HashMap<String, Vec<usize>>,
    keys: Vec<OnceLock<Arc<KeySet>>>,
}

impl ClientCertificates {
    pub(super) fn new(store: Keystore, name: String) -> Self {
        let mut places = HashMap::<String, Vec<usize>>::new();
        for (place, entry) in store.entries().iter().enumerate() {
            places.entry(entry.alias().to_ascii_lowercase()).or_default().push(place);
        }
        let keys = store.entries().iter().map(|_| OnceLock::new()).collect();
        Self { store, name, places, keys }
    }

    pub(super) fn store(&self) -> &Keystore {
        &self.store
    }

    /// The client's keys. Returns `None` if the store has no such alias.
    pub(super) fn key_set(&self, client_id: &str) -> Result<Option<Arc<KeySet>>, StoreLookupError> {
        let Some((place, entry)) = self.find(client_id)? else { return Ok(None) };
        let slot = self.keys.get(place);
        // Only the findings depend on the time.
        Ok(slot.map(|slot| Arc::clone(slot.get_or_init(|| Arc::new(self.read(entry, 0).0)))))
    }

    /// The alias under which the client's certificate is found, as the file spells it.
    pub(super) fn alias(&self, client_id: &str) -> Result<Option<String>, StoreLookupError> {
        Ok(self.find(client_id)?.map(|(_, entry)| entry.alias().to_owned()))
    }

    /// The findings about the client's certificate at `now`, in seconds since the Unix epoch.
    pub(super) fn lint(&self, client_id: &str, now: i64) -> Result<Option<Vec<Finding>>, StoreLookupError> {
        Ok(self.find(client_id)?.map(|(_, entry)| self.read(entry, now).1))
    }

    fn read(&self, entry: &Entry, now: i64) -> (KeySet, Vec<Finding>) {
        let name = format!("{}#{}", self.name, entry.alias());
        let inputs: Vec<_> = entry.chain().iter().take(1).map(|der| KeyInput::Keystore { name: &name, der }).collect();
        KeySet::read(&inputs, now)
    }

    fn find(&self, client_id: &str) -> Result<Option<(usize, &Entry)>, StoreLookupError> {
        let places = self.places.get(&client_id.to_ascii_lowercase()).map_or(&[][..], Vec::as_slice);
        let alike: Vec<_> =
            places.iter().filter_map(|place| Some((*place, self.store.entries().get(*place)?))).collect();
        let exact: Vec<_> = alike.iter().copied().filter(|(_, entry)| entry.alias() == client_id).collect();
        let found = if exact.is_empty() { alike } else { exact };
        let refuse = |reason| Err(StoreLookupError::new(client_id, &self.name, reason));
        match found.as_slice() {
            [] => Ok(None),
            [(place, entry)] => match unfit(entry) {
                Some(reason) => refuse(reason),
                None => Ok(Some((*place, entry))),
            },
            several => {
                let aliases = several.iter().map(|(_, entry)| entry.alias().to_owned()).collect();
                refuse(NotForClients::Ambiguous { aliases })
            }
        }
    }
}

fn unfit(entry: &Entry) -> Option<NotForClients> {
    let kind = entry.kind();
    if kind != EntryKind::TrustedCertificate {
        return Some(NotForClients::Key { kind });
    }
    let certificate = entry.chain().first().map(|der| Certificate::from_der(der));
    // A certificate that cannot be parsed is rejected when its key is read, with the reason.
    matches!(certificate, Some(Ok(certificate)) if certificate.is_authority()).then_some(NotForClients::Authority)
}

#[cfg(test)]
mod tests;
