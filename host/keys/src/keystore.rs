//! Keystores as `keytool` and `openssl` write them: JKS, JCEKS and PKCS#12, told apart by their content.
//!
//! A store is read completely or refused with the reason. Private keys stay sealed: they are carried along, so that a
//! rewritten store still holds them, and are never used for anything.

mod clients;
mod entry;
mod error;
mod file;
mod importable;
mod jks;
mod modified_utf8;
mod pkcs12;
mod stores;
mod view;
mod watched;

pub use entry::{Entry, EntryKind};
pub use error::{KeystoreError, Malformed, StoreError};
pub use importable::{ImportError, certificate_to_import};
pub use stores::{CertificateStores, NotForClients, StoreLookupError};
pub use view::{CertificateView, certificate_pem, day, instant};
pub use watched::WatchedKeystore;

use std::path::Path;

use entry::Content;

/// The largest file, in bytes.
pub const MAX_FILE: u64 = 8 * 1024 * 1024;
/// The largest number of entries, and of certificates in one chain.
pub const MAX_ENTRIES: usize = 10_000;
const MAX_CHAIN: usize = 100;
/// The largest certificate, in bytes.
const MAX_CERTIFICATE: usize = 64 * 1024;

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
    kind: StoreKind,
    entries: Vec<Entry>,
    unnamed: Vec<Vec<u8>>,
    pkcs12: pkcs12::Rest,
}

impl Keystore {
    /// An empty store.
    #[must_use]
    pub fn new(kind: StoreKind) -> Self {
        Self { kind, entries: Vec::new(), unnamed: Vec::new(), pkcs12: pkcs12::Rest::default() }
    }

    /// Reads a file of at most [`MAX_FILE`] bytes.
    ///
    /// # Errors
    /// [`KeystoreError`] names the file and the reason.
    pub fn open(path: &Path, password: &str) -> Result<Self, KeystoreError> {
        let bytes = file::read(path)?;
        Self::read(&bytes, password).map_err(|error| KeystoreError::new(path, error))
    }

    /// Reads a store from its bytes.
    ///
    /// # Errors
    /// [`StoreError`] says what is wrong and what to do.
    pub fn read(bytes: &[u8], password: &str) -> Result<Self, StoreError> {
        if bytes.len() as u64 > MAX_FILE {
            return Err(StoreError::TooLarge { bytes: bytes.len() as u64 });
        }
        match bytes {
            [] => Err(StoreError::Empty),
            [0xfe, 0xed, 0xfe, 0xed, ..] => jks::read(StoreKind::Jks, bytes, password),
            [0xce, 0xce, 0xce, 0xce, ..] => jks::read(StoreKind::Jceks, bytes, password),
            [0x30, ..] => pkcs12::read(bytes, password),
            _ if crate::pem::is_pem(bytes) => Err(StoreError::Pem),
            _ => Err(StoreError::NotAKeystore),
        }
    }

    /// The bytes of the store in its own format.
    ///
    /// # Errors
    /// [`StoreError`] when the format cannot express an alias, or a key cannot be carried along.
    pub fn to_bytes(&self, password: &str) -> Result<Vec<u8>, StoreError> {
        match self.kind {
            StoreKind::Jks | StoreKind::Jceks => jks::write(self, password),
            StoreKind::Pkcs12 => pkcs12::write(self, password),
        }
    }

    /// Reads a file, changes the store, and writes it back in one atomic step; the previous content stays as `.bak`.
    /// A missing file is an empty PKCS#12 store. Others that edit in this way wait for each other.
    ///
    /// # Errors
    /// [`KeystoreError`]; the file is then as it was.
    pub fn edit<T>(
        path: &Path,
        password: &str,
        change: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, KeystoreError> {
        let path = file::target(path)?;
        let _lock = file::lock(&path)?;
        let previous = if path.exists() { Some(file::read(&path)?) } else { None };
        let named = |error| KeystoreError::new(&path, error);
        let mut store = match &previous {
            Some(bytes) => Self::read(bytes, password).map_err(named)?,
            None => Self::new(StoreKind::Pkcs12),
        };
        let result = change(&mut store).map_err(named)?;
        let bytes = store.to_bytes(password).map_err(named)?;
        // What cannot be read back is never put in the place of what can.
        let again = Self::read(&bytes, password).map_err(named)?;
        if again.entries.len() != store.entries.len() || again.unnamed.len() != store.unnamed.len() {
            return Err(named(StoreError::NotRewritable));
        }
        file::replace(&path, &bytes, previous.as_deref())?;
        Ok(result)
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

    /// All certificates that somebody imported, DER: roots for TLS, when the store is a truststore.
    pub fn trusted_certificates(&self) -> impl Iterator<Item = &[u8]> {
        let named = self.entries.iter().filter_map(|entry| match &entry.content {
            Content::Certificate(der) => Some(der.as_slice()),
            _ => None,
        });
        named.chain(self.unnamed.iter().map(Vec::as_slice))
    }

    /// The entry under this alias: exactly, otherwise the only one that differs in ASCII case alone.
    ///
    /// # Errors
    /// [`StoreError::AmbiguousAlias`] when several differ in case alone.
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
    /// [`StoreError`] when the alias is taken, unless `replace` is set and it holds a certificate: a key is never
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

    /// Takes an entry out.
    ///
    /// # Errors
    /// [`StoreError`] when there is none under this alias, or several that differ in case alone.
    pub fn remove(&mut self, alias: &str) -> Result<Entry, StoreError> {
        match self.place(alias)? {
            Some(place) => Ok(self.entries.remove(place)),
            None => Err(StoreError::NoAlias { alias: alias.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests;
