//! The JWK sets of all clients: fetched on demand, and not more often than the rules allow.
//!
//! A request waits for a fetch only if there is no fresh set and no recent failure. After any failure the caller learns
//! only that there is no set.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use dropins_services::{Clock, KeyHint, KeyLookupError, UnixMillis};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use moka::policy::EvictionPolicy;
use tokio::sync::Semaphore;

use super::cached_set::CachedSet;
use super::client::{Answer, Client, request_headers};
use super::discovery;
use super::disk::Disk;
use super::error::FetchError;
use super::guard::{Lookup, SystemLookup};
use super::jwks_url::JwksUrl;
use super::outcome::FetchOutcome;
use super::set_reader::SetReader;
use super::settings::FetchSettings;
use super::slot::{FetchResult, FetchTicket, Slot, Wait};
use super::stats::{Counters, FetchStats};
use dropins_keys::KeySet;
use dropins_keys::Severity;

/// Requests that may wait for fetches of all URLs together, the first one of each URL not counted.
const MAX_WAITING: usize = 1000;

/// Fetches and keeps JWK sets. A clone is another handle to the same one.
#[derive(Clone)]
pub struct JwksFetcher(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    client: Arc<Client>,
    reader: SetReader,
    slots: moka::sync::Cache<String, Arc<Slot>>,
    /// Requests that may wait for fetches of any URL.
    seats: Semaphore,
    counters: Counters,
}

/// Why the fetcher cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the sets cannot be used.
    #[error("the folder {} for fetched JWK sets cannot be used: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The HTTP client cannot be made.
    #[error("JWK sets cannot be fetched: {0}")]
    Client(String),
}

/// The result of a fetch that an operator asked for.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// Whether the set was received or confirmed.
    pub outcome: FetchOutcome,
    /// The set.
    pub set: Arc<CachedSet>,
}

impl JwksFetcher {
    /// Makes a fetcher. Names are resolved by the operating system.
    ///
    /// # Errors
    /// [`OpenError`] names the cause.
    pub fn open(settings: FetchSettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::with_lookup(settings, clock, Arc::new(SystemLookup::new()))
    }

    pub(crate) fn with_lookup(
        settings: FetchSettings,
        clock: Arc<dyn Clock>,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, OpenError> {
        Self::over(Arc::new(Client::new(&settings, lookup).map_err(OpenError::Client)?), settings, clock)
    }

    /// A fetcher that takes its turns with others of the same client.
    pub(crate) fn over(client: Arc<Client>, settings: FetchSettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let open = |path: &PathBuf| {
            Disk::open(path, settings.capacity).map_err(|error| OpenError::Folder { path: path.clone(), error })
        };
        let disk = settings.folder.as_ref().map(open).transpose()?;
        let weigh = |_: &String, slot: &Arc<Slot>| u32::try_from(slot.memory()).unwrap_or(u32::MAX);
        let slots = moka::sync::Cache::builder().max_capacity(settings.memory).weigher(weigh);
        let slots = slots.eviction_policy(EvictionPolicy::lru()).build();
        let (seats, counters) = (Semaphore::new(MAX_WAITING), Counters::default());
        let reader = SetReader::new(settings, disk);
        Ok(Self(Arc::new(Inner { clock, client, reader, slots, seats, counters })))
    }

    /// The settings, to detect a change.
    #[must_use]
    pub fn settings(&self) -> &FetchSettings {
        self.0.reader.settings()
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> FetchStats {
        self.0.counters.snapshot()
    }

    /// The keys that the client publishes there, fetched if that is due, if they lack the `kid` of the hint, or if they
    /// failed to verify the last signature.
    ///
    /// # Errors
    /// [`KeyLookupError::Unusable`]: one text for every failed fetch, or why a set has no key that can be used.
    pub fn keys<'a>(
        &'a self,
        url: &'a JwksUrl,
        hint: &'a KeyHint,
    ) -> BoxFuture<'a, Result<Arc<KeySet>, KeyLookupError>> {
        Box::pin(async move {
            let asked_at = self.now();
            let Some(set) = self.set(url).await else {
                return Err(KeyLookupError::Unusable("its JWK set cannot be fetched".to_owned()));
            };
            let lacks_kid = hint.kid.is_some() && !set.keys().names(hint);
            let set = if lacks_kid || set.has_failed() { self.newer(set, url, asked_at).await } else { set };
            match set.findings().iter().find(|finding| finding.severity == Severity::Error) {
                Some(cause) if set.keys().keys().is_empty() => Err(KeyLookupError::Unusable(cause.to_string())),
                _ => Ok(Arc::clone(set.keys())),
            }
        })
    }

    /// Fetches the set now, even if the cached one is fresh; joins a fetch that is under way.
    ///
    /// # Errors
    /// [`FetchError`], with details for an operator.
    pub fn refresh<'a>(&'a self, url: &'a JwksUrl) -> BoxFuture<'a, Result<Refreshed, FetchError>> {
        Box::pin(async move {
            let slot = self.slot(url);
            let mut outcome = self.wait(&slot, slot.at_once()).await?;
            if outcome == FetchOutcome::Restored {
                outcome = self.wait(&slot, slot.at_once()).await?;
            }
            let set = slot.usable(self.now()).ok_or(FetchError::Interrupted)?;
            Ok(Refreshed { outcome, set })
        })
    }

    /// The cached set, from memory or disk, fresh or stale, without a fetch.
    pub async fn cached(&self, url: &JwksUrl) -> Option<Arc<CachedSet>> {
        let slot = self.slot(url);
        self.restore(&slot).await;
        slot.usable(self.now())
    }

    /// The set, fetched if the cached one is not fresh.
    async fn set(&self, url: &JwksUrl) -> Option<Arc<CachedSet>> {
        let slot = self.slot(url);
        if let Some(wait) = slot.when_due(self.now(), self.0.reader.settings()) {
            // After a failure, a stale set that is still usable serves.
            self.queue(&slot, wait).await;
        }
        let now = self.now();
        let set = slot.usable(now);
        match &set {
            Some(set) if set.is_fresh(now) => self.0.counters.cached(),
            Some(_) => self.0.counters.stale(),
            None => self.0.counters.unavailable(),
        }
        set
    }

    /// A newer set than one that lacks the request's `kid` or failed to verify a signature. A request that came at
    /// `asked_at` has no use for another fetch if the set was fetched since.
    async fn newer(&self, seen: Arc<CachedSet>, url: &JwksUrl, asked_at: UnixMillis) -> Arc<CachedSet> {
        if seen.fetched_at() >= asked_at {
            return seen;
        }
        let slot = self.slot(url);
        if let Some(wait) = slot.when_in_doubt(&seen, self.now(), self.0.reader.settings()) {
            self.queue(&slot, wait).await;
        }
        slot.usable(self.now()).unwrap_or(seen)
    }

    fn now(&self) -> UnixMillis {
        self.0.clock.now()
    }

    fn slot(&self, url: &JwksUrl) -> Arc<Slot> {
        self.0.slots.get_with_by_ref(url.as_str(), || Arc::new(Slot::new(url.clone())))
    }

    /// Waits for a fetch if there is room. The failure of a fetch is in the log.
    async fn queue(&self, slot: &Arc<Slot>, wait: Wait) {
        // The request that starts a fetch needs no seat: one hanging host must not keep others from being asked.
        let _seats = match wait {
            Wait::Start(_) => None,
            Wait::Join(_) => match (slot.seat(), self.0.seats.try_acquire()) {
                (Some(own), Ok(all)) => Some((own, all)),
                _ => return self.0.counters.crowded(),
            },
        };
        let _logged = self.wait(slot, wait).await;
    }

    /// Waits for a fetch. It is a task of its own, so that it outlives the request that started it.
    async fn wait(&self, slot: &Arc<Slot>, wait: Wait) -> FetchResult {
        let mut flight = match wait {
            Wait::Join(flight) => flight,
            Wait::Start(ticket) => {
                let flight = ticket.flight();
                tokio::spawn(self.clone().run(Arc::clone(slot), ticket));
                flight
            }
        };
        let finished = flight.wait_for(Option::is_some).await;
        finished.ok().and_then(|result| result.clone()).unwrap_or(Err(FetchError::Interrupted))
    }

    async fn run(self, slot: Arc<Slot>, ticket: FetchTicket) {
        // A panic in there must not leave the requests waiting.
        let fetch = tokio::spawn(self.clone().fetch(Arc::clone(&slot), ticket.forced));
        let result = fetch.await.unwrap_or(Err(FetchError::Interrupted));
        let outcome = result.as_ref().map_or_else(FetchError::outcome, |(_, outcome)| *outcome);
        let (source, label) = (slot.url().source(), outcome.as_str());
        match &result {
            Ok(_) => tracing::debug!(source, outcome = label, "a JWK set is current"),
            Err(error) => tracing::warn!(source, outcome = label, %error, "a JWK set cannot be had"),
        }
        self.0.counters.fetch(outcome);
        slot.finish(ticket, result, self.now());
        // The cache weighs a slot when it is inserted.
        if self.0.slots.get(slot.url().as_str()).is_some_and(|current| Arc::ptr_eq(&current, &slot)) {
            self.0.slots.insert(slot.url().as_str().to_owned(), slot);
        }
    }

    async fn fetch(self, slot: Arc<Slot>, forced: bool) -> Result<(Arc<CachedSet>, FetchOutcome), FetchError> {
        self.restore(&slot).await;
        if let Some(set) = slot.fresh(self.now()).filter(|_| !forced) {
            return Ok((set, FetchOutcome::Restored));
        }
        let before = slot.validated();
        let answer = match &self.settings().issuer {
            Some(issuer) if issuer.discovered => self.discovered(slot.url(), &issuer.issuer).await?,
            _ => {
                let headers = before.as_ref().map_or_else(request_headers, |set| set.revalidation(slot.url()));
                self.get(slot.url(), headers).await?
            }
        };
        let now = self.now();
        let work = move || self.0.reader.read(slot.url(), answer, before.as_deref(), now);
        // Reading 64 RSA keys takes milliseconds, and the disk may block.
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(FetchError::Interrupted))
    }

    /// The set that the issuer's metadata at this URL lead to. It is never asked for conditionally: the validators of the
    /// last one may be those of another URL.
    async fn discovered(&self, url: &JwksUrl, issuer: &str) -> Result<Answer, FetchError> {
        let Answer::Set(_, metadata) = self.get(url, request_headers()).await? else {
            return Err(FetchError::BadStatus(304));
        };
        let found = discovery::jwks_url(&metadata, issuer, self.settings()).map_err(FetchError::BadMetadata)?;
        match self.get(&found, request_headers()).await? {
            Answer::NotModified(_) => Err(FetchError::BadStatus(304)),
            set @ Answer::Set(..) => Ok(set),
        }
    }

    async fn get(&self, url: &JwksUrl, headers: HeaderMap) -> Result<Answer, FetchError> {
        self.0.client.get(url, headers, self.settings().size_limit).await
    }

    /// Loads the set from disk, once.
    async fn restore(&self, slot: &Arc<Slot>) {
        if !slot.lacks_restoring() {
            return;
        }
        let (fetcher, url, now) = (self.clone(), slot.url().clone(), self.now());
        let restored = tokio::task::spawn_blocking(move || fetcher.0.reader.restored(&url, now)).await;
        slot.restore(restored.ok().flatten());
    }
}

#[cfg(test)]
mod issuer_tests;
#[cfg(test)]
mod tests;
