//! Keystores as `keytool` and `openssl` write them: JKS, JCEKS and PKCS#12.
//!
//! [`Keystore`] reads, changes and writes a file. [`CertificateStores`] finds the certificates of clients in the
//! keystores of a server, whose files are read again when they change.

mod clients;
mod entry;
mod error;
mod file;
mod format;
mod importable;
mod jks;
mod keytool_time;
mod limits;
mod lookup_error;
mod modified_utf8;
mod pkcs12;
mod store;
mod stores;
#[cfg(test)]
mod testing;
mod view;
mod watched;

pub use entry::{Entry, EntryKind};
pub use error::{KeystoreError, Malformed, StoreError};
pub use importable::{ImportError, certificate_to_import};
pub use keytool_time::{day, instant};
pub use limits::{MAX_ENTRIES, MAX_FILE};
pub use lookup_error::{NotForClients, StoreLookupError};
pub use store::{Keystore, StoreKind};
pub use stores::{CertificateStores, SharedAlias};
pub use view::{CertificateView, certificate_pem};
pub use watched::WatchedKeystore;
