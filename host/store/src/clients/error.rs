//! Why a client cannot be read or changed.

use dropins_database::StoreError;

/// Why a client cannot be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Another client has the id.
    #[error("there is a client `{client_id}` already")]
    Exists {
        /// The id.
        client_id: String,
    },
    /// Another client is known by a subject.
    #[error("the client `{owner}` has the subject `{subject}` of `{issuer}` already: a subject is one client")]
    SubjectTaken {
        /// The issuer of the pair.
        issuer: String,
        /// Its subject.
        subject: String,
        /// The other client.
        owner: String,
    },
    /// There is no such client.
    #[error("there is no client `{client_id}` in the database")]
    Unknown {
        /// The id.
        client_id: String,
    },
    /// The client changed after it was read.
    #[error("the client `{client_id}` was changed at the same time; try again")]
    Changed {
        /// The id.
        client_id: String,
    },
    /// The database cannot be asked, or a row is corrupt.
    #[error(transparent)]
    Store(#[from] StoreError),
}
