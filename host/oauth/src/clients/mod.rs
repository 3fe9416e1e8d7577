//! Registered clients, whether `deployment.toml` declares them or the identity database holds them.
//!
//! [`Directory`] is what authentication asks; the file wins. [`StoredClients`] remembers what was read from the
//! database, and [`Ledger`] writes down which keys are used.

pub mod declared;
mod directory;
mod external;
mod keys;
mod ledger;
mod lint;
mod registered;
mod secret_attempts;
mod sources;
mod stored;

pub use directory::{ClientKeyFact, Directory};
pub use external::{ExternalKeys, KeystoreKeys, PublishedKeys};
pub use keys::ClientKeys;
pub use ledger::Ledger;
pub use lint::{Lint, lint};
pub use registered::RegisteredClient;
pub use registered::settings;
pub use secret_attempts::{SecretAttempt, SecretAttempts};
pub use sources::{SourceError, Sources};
pub use stored::StoredClients;
