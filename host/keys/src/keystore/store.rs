//! A keystore in memory: entries under aliases.
//!
//! Private keys stay sealed: they are carried along, so that a rewritten store still holds them, and are never used.

use super::entry::{Content, Entry, EntryKind};
use super::error::StoreError;
use super::limits::MAX_ENTRIES;

/// The format of a keystore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum StoreKind {
    /// Java KeyStore, the format of old Java versions.
    #[serde(rename = "JKS")]
    Jks,
    /// Its variant of the Java Cryptography Extension; secret keys in it cannot be read.
    #[serde(rename = "JCEKS")]
    Jceks,
    /// RFC 7292.
    #[serde(rename = "PKCS12")]
    Pkcs12,
}

impl std::fmt::Display for StoreKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
            Self::Pkcs12 => "PKCS12",
        })
    }
}

/// A keystore in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keystore {
    pub(super) kind: StoreKind,
    pub(super) entries: Vec<Entry>,
    pub(super) unnamed: Vec<Vec<u8>>,
    pub(super) pkcs12: Pkcs12Rest,
}

/// What a PKCS#12 file holds besides entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pkcs12Rest {
    /// No MAC, and certificates in the clear.
    pub(super) unprotected: bool,
    /// Bags of other types, as they are.
    pub(super) others: Vec<Vec<u8>>,
    /// Keys in an encrypted safe, which cannot be carried along.
    pub(super) hidden_keys: usize,
}

impl Keystore {
    /// An empty store.
    #[must_use]
    pub fn new(kind: StoreKind) -> Self {
        Self { kind, entries: Vec::new(), unnamed: Vec::new(), pkcs12: Pkcs12Rest::default() }
    }

    /// The format.
    #[must_use]
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// The entries, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Certificates without an alias, DER, as `openssl pkcs12 -export -nokeys` writes them: they belong to no client.
    #[must_use]
    pub fn unnamed(&self) -> &[Vec<u8>] {
        &self.unnamed
    }

    /// All imported certificates, DER: roots for TLS, if the store is a truststore.
    pub fn trusted_certificates(&self) -> impl Iterator<Item = &[u8]> {
        let named = self.entries.iter().filter_map(|entry| match &entry.content {
            Content::Certificate(der) => Some(der.as_slice()),
            _ => None,
        });
        named.chain(self.unnamed.iter().map(Vec::as_slice))
    }

    /// The entry with exactly this alias, otherwise the only entry whose alias differs in ASCII case alone.
    ///
    /// # Errors
    /// [`StoreError::AmbiguousAlias`] if several differ in case alone.
    pub fn find(&self, alias: &str) -> Result<Option<&Entry>, StoreError> {
        Ok(self.place(alias)?.and_then(|place| self.entries.get(place)))
    }

    fn place(&self, alias: &str) -> Result<Option<usize>, StoreError> {
        let places = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let entries = self.entries.iter().enumerate();
            entries.filter(|(_, entry)| same(&entry.alias)).map(|(place, _)| place).collect()
        };
        let mut found = places(&|other| other == alias);
        if found.is_empty() {
            found = places(&|other| other.eq_ignore_ascii_case(alias));
        }
        match found.as_slice() {
            [] => Ok(None),
            [place] => Ok(Some(*place)),
            several => {
                let aliases = several.iter().filter_map(|place| Some(self.entries.get(*place)?.alias.clone()));
                Err(StoreError::AmbiguousAlias { alias: alias.to_owned(), aliases: aliases.collect() })
            }
        }
    }

    /// Puts a certificate under an alias; `now` in seconds since the Unix epoch. JKS spells the alias in lower case,
    /// as `keytool` does.
    ///
    /// # Errors
    /// [`StoreError`] if the alias exists, unless `replace` is set and it holds a certificate: a key is never
    /// replaced.
    pub fn insert(&mut self, alias: &str, der: Vec<u8>, now: i64, replace: bool) -> Result<(), StoreError> {
        if alias.is_empty() {
            return Err(StoreError::AliasNotWritable { alias: String::new() });
        }
        let alias = match self.kind {
            StoreKind::Pkcs12 => alias.to_owned(),
            StoreKind::Jks | StoreKind::Jceks => alias.to_lowercase(),
        };
        let now_millis = now.saturating_mul(1000);
        let entry =
            Entry { alias: alias.clone(), content: Content::Certificate(der), created_millis: Some(now_millis) };
        if let Some(place) = self.place(&alias)?
            && let Some(taken) = self.entries.get_mut(place)
        {
            if !replace || taken.kind() != EntryKind::TrustedCertificate {
                return Err(StoreError::AliasTaken { alias: taken.alias.clone(), kind: taken.kind() });
            }
            *taken = entry;
            return Ok(());
        }
        if self.entries.len() >= MAX_ENTRIES {
            return Err(StoreError::TooManyEntries { claimed: MAX_ENTRIES + 1 });
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// [`StoreError`] if no alias matches, or several that differ in case alone.
    pub fn remove(&mut self, alias: &str) -> Result<Entry, StoreError> {
        match self.place(alias)? {
            Some(place) => Ok(self.entries.remove(place)),
            None => Err(StoreError::NoAlias { alias: alias.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests;
