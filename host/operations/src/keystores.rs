//! A keystore file of a home, and certificates in and out of it, in the words of `keytool`.
//!
//! Private keys are listed and carried along, never shown and never replaced. Every change is one atomic step and
//! leaves the previous file as `.bak`. Everything here blocks on the disk, and derives keys from passwords.

use std::path::PathBuf;

use dropins_config::{Deployment, Home};
use dropins_keys::keystore::{
    CertificateView, Entry, EntryKind, ImportError, Keystore, KeystoreError, StoreError, certificate_to_import,
};
use dropins_keys::{KeyInput, lint};
use zeroize::Zeroizing;

/// Which keystore of a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `[keystore.primary]`: the server's own key, and certificates of clients.
    Primary,
    /// `[truststore]`: certificates of clients, and roots for TLS.
    Trust,
}

impl Which {
    /// Both, the first one first.
    pub const ALL: [Self; 2] = [Self::Primary, Self::Trust];

    /// The section of `deployment.toml`.
    pub fn section(self) -> &'static str {
        match self {
            Self::Primary => "keystore.primary",
            Self::Trust => "truststore",
        }
    }
}

/// Why a keystore cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreFault {
    /// The configuration names none.
    #[error("{} has no [{section}] with file_name and password; add it, or name a file with --keystore", file.display())]
    NotConfigured {
        /// The section.
        section: &'static str,
        /// `deployment.toml`.
        file: PathBuf,
    },
    /// The file is not there.
    #[error("there is no keystore {}", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// What is to be imported is no certificate.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The store cannot be read or changed.
    #[error(transparent)]
    Store(#[from] KeystoreError),
    /// The entry of the alias is not there, or not the only one.
    #[error("the keystore {}: {error}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Why.
        error: StoreError,
    },
    /// The entry holds a symmetric key alone.
    #[error("the entry {alias} holds no certificate")]
    NoCertificate {
        /// The alias.
        alias: String,
    },
}

/// A certificate that was imported.
#[derive(Debug)]
pub struct Imported {
    /// Its entry.
    pub entry: Entry,
    /// Whether the file was made for it.
    pub is_new: bool,
}

/// A keystore file and its password.
pub struct KeystoreFile {
    /// The file.
    pub path: PathBuf,
    password: Zeroizing<String>,
}

impl KeystoreFile {
    /// A file of no home.
    pub fn new(path: PathBuf, password: String) -> Self {
        Self { path, password: Zeroizing::new(password) }
    }

    /// A keystore of a home.
    ///
    /// # Errors
    /// [`KeystoreFault::NotConfigured`].
    pub fn configured(home: &Home, deployment: &Deployment, which: Which) -> Result<Self, KeystoreFault> {
        let keystores = &deployment.keystores;
        let configured = match which {
            Which::Primary => &keystores.primary,
            Which::Trust => &keystores.trust,
        };
        let lack = || KeystoreFault::NotConfigured { section: which.section(), file: home.deployment_toml() };
        let configured = configured.as_ref().ok_or_else(lack)?;
        Ok(Self::new(home.security().join(&configured.file_name), configured.password.expose().to_owned()))
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`KeystoreError`] says why it cannot be read.
    pub fn open(&self) -> Result<Keystore, KeystoreError> {
        Keystore::open(&self.path, &self.password)
    }

    /// The entry under this alias.
    ///
    /// # Errors
    /// [`KeystoreFault::Entry`] if there is none, or several differ in case alone.
    pub fn entry(&self, store: &Keystore, alias: &str) -> Result<Entry, KeystoreFault> {
        let failed = |error| KeystoreFault::Entry { path: self.path.clone(), error };
        let entry = store.find(alias).map_err(failed)?.cloned();
        entry.ok_or_else(|| failed(StoreError::NoAlias { alias: alias.to_owned() }))
    }

    /// Imports the one certificate of a file, PEM or DER; a missing keystore is made, PKCS#12. `now` in seconds since the
    /// Unix epoch; with `replace`, in place of a certificate that has the alias.
    ///
    /// # Errors
    /// [`KeystoreFault`] says why it is not imported.
    pub fn import(&self, alias: &str, bytes: &[u8], now: i64, replace: bool) -> Result<Imported, KeystoreFault> {
        let der = certificate_to_import(bytes)?;
        let is_new = !self.path.exists();
        let entry = Keystore::edit(&self.path, &self.password, |store| {
            store.insert(alias, der, now, replace)?;
            let entry = store.find(alias)?.cloned();
            entry.ok_or_else(|| StoreError::NoAlias { alias: alias.to_owned() })
        })?;
        Ok(Imported { entry, is_new })
    }

    /// The entry of an alias with its own certificate, DER.
    ///
    /// # Errors
    /// [`KeystoreFault`] if there is none.
    pub fn export(&self, alias: &str) -> Result<(Entry, Vec<u8>), KeystoreFault> {
        let entry = self.entry(&self.open()?, alias)?;
        match entry.chain().first().cloned() {
            Some(der) => Ok((entry, der)),
            None => Err(KeystoreFault::NoCertificate { alias: dropins_services::printable(entry.alias()) }),
        }
    }

    /// Removes an entry; one that holds a key only with `keys_too`.
    ///
    /// # Errors
    /// [`KeystoreFault`] says why it stays.
    pub fn remove(&self, alias: &str, keys_too: bool) -> Result<Entry, KeystoreFault> {
        if !self.path.exists() {
            return Err(KeystoreFault::NoFile { path: self.path.clone() });
        }
        Ok(Keystore::edit(&self.path, &self.password, |store| {
            let removed = store.remove(alias)?;
            match removed.kind() {
                EntryKind::TrustedCertificate => Ok(removed),
                _ if keys_too => Ok(removed),
                kind => Err(StoreError::HoldsKey { alias: removed.alias().to_owned(), kind }),
            }
        })?)
    }
}

/// What a client whose id is the alias can expect of the entry, when that is not simply to be found; `now` in seconds
/// since the Unix epoch.
pub fn remarks(entry: &Entry, now: i64) -> Vec<String> {
    let (EntryKind::TrustedCertificate, [der, ..]) = (entry.kind(), entry.chain()) else {
        return vec!["it is no client's: a key of the server's own".to_owned()];
    };
    if CertificateView::of(der).is_some_and(|certificate| certificate.authority) {
        return vec!["it is no client's: the certificate of an authority (CA:TRUE)".to_owned()];
    }
    let findings = lint(&[KeyInput::Keystore { name: entry.alias(), der }], now);
    findings.iter().map(|finding| finding.message.clone()).collect()
}

/// What is to be said about certificates that have no alias, if there are any.
pub fn without_alias(store: &Keystore) -> Option<String> {
    let number = store.unnamed().len();
    (number > 0).then(|| {
        format!(
            "Certificates without an alias: {number}. They belong to no client (`openssl pkcs12 -export -nokeys` names \
             none): import them under the client id with `dropins keystore import`."
        )
    })
}
