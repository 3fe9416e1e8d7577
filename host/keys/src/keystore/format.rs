//! A keystore as bytes and as a file: the format is told by the content, and kept when the store is written again.
//!
//! A store is read completely or rejected with the reason.

use std::path::Path;

use super::error::{KeystoreError, StoreError};
use super::limits::MAX_FILE;
use super::store::{Keystore, StoreKind};
use super::{file, jks, pkcs12};
use crate::pem;

impl Keystore {
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
            _ if pem::is_pem(bytes) => Err(StoreError::Pem),
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
    /// A missing file is an empty PKCS#12 store. Concurrent edits wait for each other.
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
        // A file that cannot be read back never replaces one that can.
        let again = Self::read(&bytes, password).map_err(named)?;
        if again.entries.len() != store.entries.len() || again.unnamed.len() != store.unnamed.len() {
            return Err(named(StoreError::NotRewritable));
        }
        file::replace(&path, &bytes, previous.as_deref())?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests;
