//! A store in the memory of this process, exact as the others, for one node and for tests.
//!
//! It forgets everything at a restart, so an operator gets it only by the explicit word `memory`.

use std::{collections::HashMap, sync::Arc};

use dropins_services::{Memory, ReplayStore, Unavailable, Use};
use parking_lot::{Mutex, MutexGuard};

use crate::{
    backend::{Backend, Reader, Size},
    entry::{Entry, Key, Outcome},
};

/// Pairs in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    expiry: Arc<Mutex<HashMap<Key, u64>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Deletes at most `limit` pairs that expired at or before `until` (Unix seconds), and counts them.
    pub fn purge(&self, until: u64, limit: usize) -> usize {
        let mut left = limit;
        self.pairs().retain(|_, expires_at| {
            let doomed = *expires_at <= until && left > 0;
            left -= usize::from(doomed);
            !doomed
        });
        limit - left
    }

    /// How many pairs it holds, expired ones included.
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Whether it holds no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    fn pairs(&self) -> MutexGuard<'_, HashMap<Key, u64>> {
        self.expiry.lock()
    }
}

fn decide(pairs: &mut HashMap<Key, u64>, entry: &Entry) -> Outcome {
    match pairs.get(&entry.key) {
        Some(&until) if until > entry.now => Outcome::Seen { until },
        _ => {
            pairs.insert(entry.key.clone(), entry.expires_at);
            Outcome::First
        }
    }
}

#[async_trait::async_trait]
impl ReplayStore for MemoryStore {
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
        let entry = Entry::try_from(used)?;
        Ok(decide(&mut self.pairs(), &entry).into())
    }

    async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
        let entry = Entry::try_from(used)?;
        Ok(entry.judge(self.pairs().get(&entry.key).copied()))
    }
}

#[async_trait::async_trait]
impl Backend for MemoryStore {
    const BLOCKS: bool = true;

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(self.clone())
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        let mut pairs = self.pairs();
        Ok(batch.iter().map(|entry| decide(&mut pairs, entry)).collect())
    }

    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable> {
        let pairs = self.pairs();
        Ok(keys.iter().map(|key| pairs.get(key).copied()).collect())
    }

    async fn purge(&mut self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        Ok(MemoryStore::purge(self, until, limit))
    }

    async fn probe(&mut self) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn reconnect(&mut self) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn close(self) -> Result<(), Unavailable> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl Reader for MemoryStore {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        Ok(self.pairs().get(key).copied())
    }

    async fn size(&self) -> Result<Size, Unavailable> {
        Ok(Size { rows: self.len() as u64, bytes: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(client: &str, jti: &str, now: u64, expires_at: u64) -> Use {
        let (client_id, jti) = (client.into(), jti.into());
        Use { client_id, jti, issued_at: None, expires_at, now: now * 1000, cached: false, attempt: None }
    }

    #[tokio::test]
    async fn a_pair_is_taken_until_it_expires_and_belongs_to_one_client() {
        let store = MemoryStore::new();
        assert_eq!(store.peek(used("a", "1", 0, 10)).await, Ok(Memory::First));
        assert_eq!(store.remember(used("a", "1", 0, 10)).await, Ok(Memory::First));
        assert_eq!(store.remember(used("b", "1", 0, 10)).await, Ok(Memory::First));
        assert_eq!(store.remember(used("a", "1", 9, 20)).await, Ok(Memory::Seen));
        assert_eq!(store.peek(used("a", "1", 9, 20)).await, Ok(Memory::Seen));
        assert_eq!(store.remember(used("a", "1", 10, 20)).await, Ok(Memory::First));
        assert_eq!(store.remember(used("a", "1", 19, 30)).await, Ok(Memory::Seen));
    }

    #[tokio::test]
    async fn a_purge_deletes_expired_pairs_up_to_its_limit() {
        let store = MemoryStore::new();
        for n in 0..5 {
            store.remember(used("a", &n.to_string(), 0, 10 + n)).await.unwrap();
        }
        assert_eq!(store.purge(12, 2), 2);
        assert_eq!(store.purge(12, 2), 1);
        assert_eq!(store.purge(12, 2), 0);
        assert_eq!(store.len(), 2);
    }
}
