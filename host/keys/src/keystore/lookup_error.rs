//! Why the alias of a client leads to no key. Other clients are not affected.

use dropins_services::KeyLookupError;

use super::entry::EntryKind;
use crate::text::quoted;

/// Why a client's alias leads to no key: this client is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the alias {} of the keystore {store} is no client's: {reason}", quoted(client_id))]
pub struct StoreLookupError {
    /// The client id that was looked for.
    pub client_id: String,
    /// Name of the keystore's file.
    pub store: String,
    /// Why the entry is not the client's.
    pub reason: NotForClients,
}

impl StoreLookupError {
    pub(super) fn new(client_id: &str, store: &str, reason: NotForClients) -> Self {
        Self { client_id: client_id.to_owned(), store: store.to_owned(), reason }
    }
}

impl StoreLookupError {
    /// Rejects a client whose alias, found without regard to case, is exactly the id of another client.
    #[must_use]
    pub fn other_client(client_id: &str, alias: String) -> Self {
        Self::new(client_id, "of the server", NotForClients::OtherClient { alias })
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
    /// The alias is exactly the id of another client.
    #[error(
        "{} is the alias of the client with exactly this id; register the certificate with the client",
        quoted(alias)
    )]
    OtherClient {
        /// The alias.
        alias: String,
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
