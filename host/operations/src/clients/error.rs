//! Why a client cannot be shown or changed.

use std::path::PathBuf;

use dropins_config::Fault;
use dropins_database::StoreError;
use dropins_oauth::clients::{NoDocument, SourceError};
use dropins_protocol::NoRandomness;
use dropins_services::Unavailable;
use dropins_store::clients::ClientError;

/// Why a client cannot be shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum ClientsError {
    /// The file declares a client of this id, and wins.
    #[error("the client `{client_id}` is in {}, and the file wins; choose another id, or remove it there", file.display())]
    Taken {
        /// The id.
        client_id: String,
        /// `deployment.toml`.
        file: PathBuf,
    },
    /// The client is changed in the file only.
    #[error("the client `{client_id}` is in {}; change it there; SIGHUP makes a running server read it again", file.display())]
    Declared {
        /// The id.
        client_id: String,
        /// `deployment.toml`.
        file: PathBuf,
    },
    /// There is none.
    #[error("there is no client `{client_id}`; `dropins client list` shows all of them")]
    Unknown {
        /// The id.
        client_id: String,
    },
    /// It is not registered, and no document at its id describes it.
    #[error("the client `{client_id}` is not registered, and no document at this URL describes it: {lack}")]
    NoDocument {
        /// The id.
        client_id: String,
        /// Why.
        lack: NoDocument,
    },
    /// The configuration would reject the record.
    #[error("the client `{client_id}` is rejected: {}", sentence(faults))]
    Rejected {
        /// The id.
        client_id: String,
        /// Every reason.
        faults: Vec<Fault>,
    },
    /// A client of the file has the subject.
    #[error("the client `{owner}` of deployment.toml has the subject `{subject}` already: a subject is one client")]
    SubjectTaken {
        /// The client of the file.
        owner: String,
        /// Issuer and subject.
        subject: String,
    },
    /// One keystore entry would authenticate two clients.
    #[error("{0}")]
    SharedAlias(String),
    /// The change says nothing.
    #[error("nothing is to be changed")]
    Nothing,
    /// The database rejects it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The database cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part that is needed is down.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A keystore cannot be opened.
    #[error(transparent)]
    Sources(#[from] SourceError),
    /// No secret can be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

fn sentence(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
