//! Uses that WSO2 Identity Server remembered before its table was converted: they count for every client.
//!
//! Such a row names no client and holds the bare `exp`. It counts for every client that presents the `jti`, until
//! [`LENIENCY`] after `exp`, so that no assertion is accepted once by each server. The rows never change, so they are looked
//! up before the decision, and only until the last of them expires: from then on this costs one comparison.

use std::sync::Arc;

use dropins_services::Unavailable;

use crate::{
    backend::{Backend, Deleter, Reader, Size},
    entry::{Entry, Key, Outcome, down},
};

/// How long an inherited row counts beyond its `exp`, in seconds, as the clock skew that was or is allowed.
const LENIENCY: u64 = 300;

/// A backend with what it inherited.
pub(crate) struct Inheriting<B> {
    backend: B,
    /// When the last inherited row expires.
    until: u64,
}

/// Its reading side.
struct InheritingReader {
    reader: Arc<dyn Reader>,
    until: u64,
}

impl<B: Backend> Inheriting<B> {
    pub(crate) fn over(backend: B) -> Self {
        let until = backend.inherited_until().map_or(0, expiry);
        Self { backend, until }
    }
}

fn expiry(exp: u64) -> u64 {
    exp.saturating_add(LENIENCY)
}

fn without_client(key: &Key) -> Key {
    Key { client_id: String::new(), jti: key.jti.clone() }
}

#[async_trait::async_trait]
impl<B: Backend> Backend for Inheriting<B> {
    const BLOCKS: bool = B::BLOCKS;

    fn reader(&self) -> Arc<dyn Reader> {
        match self.until {
            0 => self.backend.reader(),
            until => Arc::new(InheritingReader { reader: self.backend.reader(), until }),
        }
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        if batch.iter().all(|entry| entry.now >= self.until) {
            return self.backend.decide(batch).await;
        }
        let keys: Vec<Key> = batch.iter().map(|entry| without_client(&entry.key)).collect();
        let inherited = self.backend.expiries(&keys).await?;
        let taken = |entry: &Entry, exp: Option<u64>| exp.map(expiry).filter(|until| *until > entry.now);
        let mut outcomes: Vec<Option<Outcome>> = batch
            .iter()
            .zip(inherited)
            .map(|(entry, exp)| taken(entry, exp).map(|until| Outcome::Seen { until }))
            .collect();
        let open: Vec<&Entry> =
            batch.iter().zip(&outcomes).filter(|(_, taken)| taken.is_none()).map(|(entry, _)| *entry).collect();
        let mut decided = if open.is_empty() { Vec::new() } else { self.backend.decide(&open).await? }.into_iter();
        outcomes.iter_mut().filter(|outcome| outcome.is_none()).for_each(|outcome| *outcome = decided.next());
        outcomes.into_iter().collect::<Option<_>>().ok_or_else(|| down("the backend did not decide every use"))
    }

    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable> {
        self.backend.expiries(keys).await
    }

    fn deleter(&self) -> Option<Arc<dyn Deleter>> {
        self.backend.deleter()
    }

    async fn purge(&mut self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        self.backend.purge(until, limit).await
    }

    async fn probe(&mut self) -> Result<(), Unavailable> {
        self.backend.probe().await
    }

    async fn reconnect(&mut self) -> Result<(), Unavailable> {
        self.backend.reconnect().await
    }

    async fn close(self) -> Result<(), Unavailable> {
        self.backend.close().await
    }
}

#[async_trait::async_trait]
impl Reader for InheritingReader {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        let own = self.reader.expires_at(key).await?;
        if own.is_some_and(|own| own >= self.until) {
            return Ok(own);
        }
        let inherited = self.reader.expires_at(&without_client(key)).await?;
        Ok(own.max(inherited.map(expiry)))
    }

    async fn size(&self) -> Result<Size, Unavailable> {
        self.reader.size().await
    }
}
