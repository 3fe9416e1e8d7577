//! What the server needs of the identity database.

use super::key_use::KeyUse;
use super::record::ClientRecord;

/// Registered clients and the ledger of their keys.
///
/// Every change of a client gets a number that is higher than all before it, so that other processes learn with one
/// small read whether what they remember is still right.
#[async_trait::async_trait]
pub trait IdentityStore: Send + Sync {
    /// The client with this id.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or the row is damaged.
    async fn find(&self, client_id: &str) -> Result<Option<ClientRecord>, StoreError>;

    /// At most `limit` clients whose id comes after `after`, in the byte order of their ids.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or a row is damaged.
    async fn page(&self, after: &str, limit: usize) -> Result<Vec<ClientRecord>, StoreError>;

    /// How many clients there are.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Adds a client.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one with this id.
    async fn insert(&self, client: ClientRecord) -> Result<(), StoreError>;

    /// Replaces a client.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when there is none with this id, [`StoreError::Changed`] when it is not the revision
    /// that was read.
    async fn update(&self, client: ClientRecord) -> Result<(), StoreError>;

    /// Removes a client with its ledger; tells whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    async fn remove(&self, client_id: &str) -> Result<bool, StoreError>;

    /// The number of the latest change.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    async fn version(&self) -> Result<u64, StoreError>;

    /// Which clients changed after this number.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    async fn changes(&self, since: u64) -> Result<Changes, StoreError>;

    /// Writes into the ledger. What it knows is never made older: the first sight stays, the last use only moves on.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    async fn record(&self, uses: Vec<KeyUse>) -> Result<(), StoreError>;

    /// The ledger of one client, the last used key first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    async fn uses(&self, client_id: &str) -> Result<Vec<KeyUse>, StoreError>;
}

/// Which clients changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// These; one that changed twice may stand twice.
    Clients(Vec<String>),
    /// More than the log remembers.
    TooMany,
}

/// Why the database does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The id is taken.
    #[error("there is a client `{client_id}` already")]
    Exists {
        /// The id.
        client_id: String,
    },
    /// There is no such client.
    #[error("there is no client `{client_id}` in the database")]
    Unknown {
        /// The id.
        client_id: String,
    },
    /// Somebody else changed the client after it was read.
    #[error("the client `{client_id}` was changed by somebody else at the same time; try again")]
    Changed {
        /// The id.
        client_id: String,
    },
    /// A row holds what this program never writes.
    #[error("a row of the identity database is damaged: {detail}")]
    Damaged {
        /// Which column, and what is wrong.
        detail: String,
    },
    /// The database does not answer.
    #[error("the identity database is unavailable: {detail}")]
    Unavailable {
        /// What the database says.
        detail: String,
    },
}

impl StoreError {
    pub(super) fn unavailable(detail: impl std::fmt::Display) -> Self {
        Self::Unavailable { detail: detail.to_string() }
    }
}

impl From<StoreError> for dropins_host::services::Unavailable {
    fn from(error: StoreError) -> Self {
        Self::new("client directory", error)
    }
}
