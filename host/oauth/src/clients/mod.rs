//! The clients: those that `deployment.toml` declares, those of the identity database, and those that a document at the
//! URL of their id describes.
//!
//! [`Directory`] is what authentication asks; the file wins, and a registered id goes before a document. [`StoredClients`] remembers what was read from the
//! database, and [`Ledger`] writes down which keys are used.

mod client_id_url;
pub mod declared;
mod directory;
mod document;
mod documents;
mod external;
mod issuers;
mod keys;
mod ledger;
mod lint;
mod metadata;
mod registered;
mod secret_attempts;
mod sources;
mod stored;

pub use client_id_url::{ClientIdUrl, NotNormal, is_url};
pub use directory::{ClientKeyFact, Directory};
pub use document::BadDocument;
pub use documents::{DocumentClients, DocumentSource, DocumentStats, NoDocument};
pub use external::{ExternalKeys, KeystoreKeys, PublishedKeys};
pub use issuers::{IssuerFetchers, TrustedIssuers};
pub use keys::ClientKeys;
pub use ledger::Ledger;
pub use lint::{Lint, lint};
pub use metadata::{Grantor, Metadata, MetadataError, Offers, PREVENT_TOKEN_REUSE};
pub use registered::RegisteredClient;
pub use registered::settings;
pub use secret_attempts::{SecretAttempt, SecretAttempts};
pub use sources::{SourceError, Sources};
pub use stored::StoredClients;
