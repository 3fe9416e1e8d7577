//! The clients whose id is the URL of a document: fetched when they first ask, and again when the document is stale.
//!
//! Any number of requests for one document cause one fetch. The last good document serves for a while when its host fails;
//! when the host says that it is gone, or serves one that describes no client, the client is gone. A failure is not asked
//! about again for some seconds, and memory is bounded: strangers choose the ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dropins_config::{ClientIdMetadata, DocumentMode};
use dropins_fetch::{Document, DocumentFetcher, FetchError, FetchSettings, JwksFetcher, JwksUrl, JwksUrlError};
use dropins_services::{Clock, UnixMillis};
use futures_util::future::BoxFuture;
use moka::future::Cache;

use super::client_id_url::{ClientIdUrl, NotNormal};
use super::document::{self, BadDocument};
use super::external::ExternalKeys;
use super::registered::RegisteredClient;

/// Bytes of the clients that are remembered, and of the fetches.
const REMEMBERED: u64 = 16 << 20;
const ATTEMPTS: u64 = 2 << 20;

/// What an entry of a cache takes besides what it holds, in bytes.
const ENTRY: usize = 512;

/// Fetches documents: the network, or a test.
#[async_trait::async_trait]
pub trait DocumentSource: Send + Sync {
    /// How they are fetched.
    fn settings(&self) -> &FetchSettings;

    /// Fetches one now.
    ///
    /// # Errors
    /// [`FetchError`], with details for an operator.
    async fn get(&self, url: &JwksUrl, now: UnixMillis) -> Result<Document, FetchError>;

    /// The key sets that documents name.
    fn sets(&self) -> &JwksFetcher;
}

#[async_trait::async_trait]
impl DocumentSource for DocumentFetcher {
    fn settings(&self) -> &FetchSettings {
        Self::settings(self)
    }

    async fn get(&self, url: &JwksUrl, now: UnixMillis) -> Result<Document, FetchError> {
        Self::get(self, url, now).await
    }

    fn sets(&self) -> &JwksFetcher {
        Self::sets(self)
    }
}

/// Why there is no client of this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDocument {
    /// The operator wants none.
    #[error("oauth.client_id_metadata.mode is off")]
    Off,
    /// The id is not one.
    #[error(transparent)]
    NotNormal(#[from] NotNormal),
    /// Its host is not listed.
    #[error("its host is not in oauth.client_id_metadata.hosts")]
    NotListed,
    /// It must not be fetched.
    #[error(transparent)]
    Url(#[from] JwksUrlError),
    /// It cannot be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It describes no client.
    #[error(transparent)]
    Bad(#[from] BadDocument),
}

impl NoDocument {
    /// Whether the client is gone, and not only its host.
    fn ends_the_client(&self) -> bool {
        matches!(self, Self::Fetch(FetchError::BadStatus(404 | 410)) | Self::Bad(_))
    }
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DocumentStats {
    /// Documents that were fetched and describe a client.
    pub fetched: u64,
    /// Fetches without such a document.
    pub failed: u64,
    /// Fetches that found a document which had changed, among those fetched.
    pub changed: u64,
}

/// The clients whose id is the URL of a document.
pub struct DocumentClients {
    policy: ClientIdMetadata,
    source: Arc<dyn DocumentSource>,
    keys: ExternalKeys,
    clock: Arc<dyn Clock>,
    clients: Cache<String, Arc<Known>>,
    /// The last fetch of each document: requests that come together share it, and its failure.
    attempts: Cache<String, Arc<Attempt>>,
    fetched: AtomicU64,
    failed: AtomicU64,
    changed: AtomicU64,
}

/// A client as its document described it.
struct Known {
    client: Arc<RegisteredClient>,
    body: Vec<u8>,
    fetched_at: UnixMillis,
    fresh_until: UnixMillis,
    usable_until: UnixMillis,
}

struct Attempt {
    at: UnixMillis,
    failure: Option<NoDocument>,
}

impl DocumentClients {
    /// The clients of this source, as far as the policy allows them.
    pub fn new(policy: ClientIdMetadata, source: Arc<dyn DocumentSource>, clock: Arc<dyn Clock>) -> Self {
        let known = |id: &String, known: &Arc<Known>| {
            weight(known.client.memory().saturating_add(known.body.len()).saturating_add(id.len()))
        };
        Self {
            policy,
            keys: ExternalKeys { published: Some(Arc::new(source.sets().clone())), keystore: None },
            source,
            clock,
            clients: Cache::builder().max_capacity(REMEMBERED).weigher(known).build(),
            attempts: Cache::builder().max_capacity(ATTEMPTS).weigher(|id: &String, _| weight(id.len())).build(),
            fetched: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            changed: AtomicU64::new(0),
        }
    }

    /// Where the keys of these clients are.
    pub fn keys(&self) -> &ExternalKeys {
        &self.keys
    }

    /// The key sets that documents name.
    pub fn sets(&self) -> &JwksFetcher {
        self.source.sets()
    }

    /// Counters since the start.
    pub fn stats(&self) -> DocumentStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DocumentStats { fetched: read(&self.fetched), failed: read(&self.failed), changed: read(&self.changed) }
    }

    /// The client of this id; an id that is no URL in normal form, or whose host may not be asked, is unknown.
    ///
    /// # Errors
    /// [`NoDocument`] says why there is none, for an operator.
    pub fn find<'a>(&'a self, client_id: &'a str) -> BoxFuture<'a, Result<Arc<RegisteredClient>, NoDocument>> {
        Box::pin(async move {
            let (id, url) = self.url(client_id)?;
            let now = self.clock.now();
            if let Some(known) = self.clients.get(client_id).await.filter(|known| known.is_fresh(now)) {
                return Ok(Arc::clone(&known.client));
            }
            let pause = self.source.settings().failure_pause;
            let attempt = self.attempts.entry_by_ref(client_id);
            let attempt = attempt.or_insert_with_if(self.fetch(&id, &url), |last| !last.is_within(pause, now)).await;
            let now = self.clock.now();
            match (self.clients.get(client_id).await.filter(|known| now < known.usable_until), &attempt.value().failure)
            {
                (Some(known), _) => Ok(Arc::clone(&known.client)),
                (None, Some(failure)) => Err(failure.clone()),
                // It was evicted meanwhile.
                (None, None) => Err(FetchError::Interrupted.into()),
            }
        })
    }

    /// Fetches the document now, even if it is fresh.
    ///
    /// # Errors
    /// [`NoDocument`] says why that is not possible; a document from before may serve all the same.
    pub fn refresh<'a>(&'a self, client_id: &'a str) -> BoxFuture<'a, Result<Arc<RegisteredClient>, NoDocument>> {
        Box::pin(async move {
            let (id, url) = self.url(client_id)?;
            let attempt = self.fetch(&id, &url).await;
            self.attempts.insert(client_id.to_owned(), Arc::clone(&attempt)).await;
            match &attempt.failure {
                Some(failure) => Err(failure.clone()),
                None => self.find(client_id).await,
            }
        })
    }

    /// Where the document is, if it may be fetched.
    fn url(&self, client_id: &str) -> Result<(ClientIdUrl, JwksUrl), NoDocument> {
        if !self.policy.is_on() {
            return Err(NoDocument::Off);
        }
        let id = ClientIdUrl::parse(client_id)?;
        let is_allowed = match &self.policy.mode {
            DocumentMode::Off => false,
            DocumentMode::Listed(hosts) => id.host().is_some_and(|host| hosts.holds(&host)),
            DocumentMode::Any => true,
        };
        if !is_allowed {
            return Err(NoDocument::NotListed);
        }
        let url = JwksUrl::parse(client_id, self.source.settings())?;
        Ok((id, url))
    }

    async fn fetch(&self, id: &ClientIdUrl, url: &JwksUrl) -> Arc<Attempt> {
        let read = match self.source.get(url, self.clock.now()).await {
            Ok(document) => self.read(id, document),
            Err(error) => Err(error.into()),
        };
        let failure = match read {
            Ok(known) => {
                self.note_change(id, &known).await;
                self.fetched.fetch_add(1, Ordering::Relaxed);
                self.clients.insert(id.as_str().to_owned(), Arc::new(known)).await;
                None
            }
            Err(failure) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(client_id = id.as_str(), error = %failure, "the metadata document of a client cannot be used");
                if failure.ends_the_client() {
                    self.clients.invalidate(id.as_str()).await;
                }
                Some(failure)
            }
        };
        Arc::new(Attempt { at: self.clock.now(), failure })
    }

    fn read(&self, id: &ClientIdUrl, document: Document) -> Result<Known, NoDocument> {
        let (settings, now) = (self.source.settings(), self.clock.now());
        let record = document::read(id, &document.body, &self.policy, settings, now / 1000)?;
        let (mut client, findings) = RegisteredClient::of_record(record, now / 1000);
        findings.iter().for_each(|finding| tracing::debug!(client_id = id.as_str(), "{finding}"));
        client.host = Some(id.authority().to_owned());
        let fresh_until = now.saturating_add(millis(document.lifetime));
        let usable_until = fresh_until.saturating_add(millis(settings.stale_if_error));
        Ok(Known { client: Arc::new(client), body: document.body, fetched_at: now, fresh_until, usable_until })
    }

    /// Logs that a document is new, or what it says differs from before.
    async fn note_change(&self, id: &ClientIdUrl, new: &Known) {
        match self.clients.get(id.as_str()).await {
            None => tracing::info!(client_id = id.as_str(), "a client has a metadata document"),
            Some(old) if old.body == new.body => {}
            Some(old) => {
                self.changed.fetch_add(1, Ordering::Relaxed);
                let changed = old.client.differences(&new.client).join(", ");
                tracing::info!(client_id = id.as_str(), changed, "the metadata document of a client has changed");
            }
        }
    }
}

impl Known {
    /// A document that is dated in the future means that the clock was set back.
    fn is_fresh(&self, now: UnixMillis) -> bool {
        (self.fetched_at..self.fresh_until).contains(&now)
    }
}

impl Attempt {
    fn is_within(&self, pause: Duration, now: UnixMillis) -> bool {
        (self.at..self.at.saturating_add(millis(pause))).contains(&now)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_add(ENTRY)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
