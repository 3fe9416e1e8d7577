//! Fetches now what a client publishes: its document first, if its id is the URL of one, then its keys.

use std::sync::Arc;

use axum::http::StatusCode;
use dropins_fetch::{JwksFetcher, JwksUrl};
use dropins_keys::ClientKey;
use dropins_live::{Live, Published};
use dropins_oauth::clients::RegisteredClient;
use dropins_services::{PublicKey as _, Unavailable};

use super::documents::{PublishedKey, RefreshDocument};

/// Why the keys of a client cannot be fetched now.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// No enabled client has this id.
    #[error("there is no enabled client `{0}`")]
    Unknown(String),
    /// No document at its id describes it.
    #[error("{client_id}: {lack}")]
    NoDocument {
        /// The id.
        client_id: String,
        /// Why.
        lack: String,
    },
    /// The clients cannot be read.
    #[error(transparent)]
    Down(#[from] Unavailable),
    /// The client publishes no keys.
    #[error("the client `{0}` has no JWKS URI")]
    NoUri(String),
    /// The URL may not be fetched.
    #[error("{0}")]
    Url(String),
    /// The host gave no usable set or document.
    #[error("{uri}: {reason}")]
    Fetch {
        /// The URL.
        uri: String,
        /// Why.
        reason: String,
    },
}

impl RefreshError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Unknown(_) | Self::NoDocument { .. } => StatusCode::NOT_FOUND,
            Self::Down(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoUri(_) | Self::Url(_) => StatusCode::CONFLICT,
            Self::Fetch { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    fn fetch(uri: &str, reason: impl ToString) -> Self {
        Self::Fetch { uri: uri.to_owned(), reason: reason.to_string() }
    }
}

/// Fetches what the client publishes.
///
/// # Errors
/// [`RefreshError`] says why it is not there.
pub async fn refresh(published: &Published, client_id: &str) -> Result<RefreshDocument, RefreshError> {
    let live = published.current();
    let (client, fetcher) = client(&live, client_id).await?;
    match (client.keys.jwks_uri(), &client.host) {
        (Some(uri), _) => {
            let url = JwksUrl::parse(uri, fetcher.settings()).map_err(|error| RefreshError::Url(error.to_string()))?;
            let refreshed = fetcher.refresh(&url).await.map_err(|error| RefreshError::fetch(uri, error))?;
            let warnings = refreshed.set.findings().iter().take(8).map(ToString::to_string).collect();
            let keys = shown(refreshed.set.keys().keys());
            Ok(RefreshDocument { result: refreshed.outcome.as_str().to_owned(), keys, warnings })
        }
        (None, Some(_)) => {
            let keys = shown(client.keys.own());
            Ok(RefreshDocument { result: "fetched".to_owned(), keys, warnings: Vec::new() })
        }
        (None, None) => Err(RefreshError::NoUri(client_id.to_owned())),
    }
}

/// The client, its document fetched anew, and what fetches its keys.
async fn client<'l>(live: &'l Live, client_id: &str) -> Result<(Arc<RegisteredClient>, &'l JwksFetcher), RefreshError> {
    match (live.clients.find(client_id).await?, live.clients.documents()) {
        (Some(client), Some(documents)) if client.host.is_some() => {
            let client = documents.refresh(client_id).await;
            Ok((client.map_err(|lack| RefreshError::fetch(client_id, lack))?, documents.sets()))
        }
        (Some(client), _) => Ok((client, &live.resources.sources.fetcher)),
        (None, _) => Err(match live.clients.lacks_document(client_id).await {
            Some(lack) => RefreshError::NoDocument { client_id: client_id.to_owned(), lack: lack.to_string() },
            None => RefreshError::Unknown(client_id.to_owned()),
        }),
    }
}

fn shown(keys: &[Arc<ClientKey>]) -> Vec<PublishedKey> {
    let keys = keys.iter().map(|key| key.describe());
    keys.map(|key| PublishedKey { kid: key.kid, thumbprint: key.thumbprint }).collect()
}
