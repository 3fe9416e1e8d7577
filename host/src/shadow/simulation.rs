//! A replay store that answers as the real one would and changes nothing in it.
//!
//! About the assertion of the live verdict the shadow gets the same answer. For any other assertion the real
//! store is only peeked at, and what the shadow would have consumed is remembered here.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use dropins_services::{Digest, Memory, ReplayStore, Unavailable, Use};

/// Pairs of client and `jti` that are remembered; beyond it the oldest are evicted.
const CAPACITY: usize = 10_000;

/// A pair as a digest, because the shadow chooses the length of its parts.
fn pair(used: &Use) -> Digest {
    let length = (used.client_id.len() as u64).to_le_bytes();
    Digest::of(&[&length, used.client_id.as_bytes(), used.jti.as_bytes()].concat())
}

/// What a shadow would have consumed.
#[derive(Default)]
pub(super) struct Remembered(Mutex<Pairs>);

#[derive(Default)]
struct Pairs {
    known: HashSet<Digest>,
    order: VecDeque<Digest>,
}

impl Remembered {
    /// Whether the pair was there; it is there afterwards.
    fn put(&self, pair: Digest) -> bool {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !pairs.known.insert(pair) {
            return true;
        }
        pairs.order.push_back(pair);
        if pairs.order.len() > CAPACITY
            && let Some(oldest) = pairs.order.pop_front()
        {
            pairs.known.remove(&oldest);
        }
        false
    }
}

/// The replay store of one request of a shadow.
pub(super) struct Simulation {
    real: Arc<dyn ReplayStore>,
    remembered: Arc<Remembered>,
    /// The answer that the live plug-in's verdict got.
    told: Option<(Use, Memory)>,
}

impl Simulation {
    pub(super) fn new(real: Arc<dyn ReplayStore>, remembered: Arc<Remembered>, told: Option<(Use, Memory)>) -> Self {
        Self { real, remembered, told }
    }
}

#[async_trait::async_trait]
impl ReplayStore for Simulation {
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
        let same = |other: &Use| other.client_id == used.client_id && other.jti == used.jti;
        if let Some((_, verdict)) = self.told.as_ref().filter(|(other, _)| same(other)) {
            return Ok(*verdict);
        }
        let pair = pair(&used);
        let verdict = self.real.peek(used).await?;
        let here = self.remembered.put(pair);
        Ok(if here { Memory::Seen } else { verdict })
    }

    async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
        self.real.peek(used).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that knows the `jti` `old`, and must never be told anything.
    struct Real;

    #[async_trait::async_trait]
    impl ReplayStore for Real {
        async fn remember(&self, _used: Use) -> Result<Memory, Unavailable> {
            panic!("a shadow must not use up anything")
        }

        async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
            Ok(if used.jti == "old" { Memory::Seen } else { Memory::First })
        }
    }

    fn used(client: &str, jti: &str) -> Use {
        let (client_id, jti) = (client.to_owned(), jti.to_owned());
        Use { client_id, jti, issued_at: None, expires_at: 2, now: 0, cached: true, attempt: None }
    }

    #[tokio::test]
    async fn a_shadow_is_told_what_the_live_plug_in_was_told() {
        let told = Some((used("a", "live"), Memory::First));
        let simulation = Simulation::new(Arc::new(Real), Arc::default(), told);
        for _ in 0..2 {
            assert_eq!(simulation.remember(used("a", "live")).await, Ok(Memory::First));
        }
        let told = Some((used("a", "live"), Memory::Seen));
        let replayed = Simulation { told, ..simulation };
        assert_eq!(replayed.remember(used("a", "live")).await, Ok(Memory::Seen));
    }

    #[tokio::test]
    async fn what_only_the_shadow_uses_is_seen_the_second_time() {
        let remembered: Arc<Remembered> = Arc::default();
        let request = || Simulation::new(Arc::new(Real), Arc::clone(&remembered), None);
        assert_eq!(request().remember(used("a", "new")).await, Ok(Memory::First));
        assert_eq!(request().remember(used("b", "new")).await, Ok(Memory::First), "of another client");
        assert_eq!(request().remember(used("a", "new")).await, Ok(Memory::Seen));
        assert_eq!(request().remember(used("a", "old")).await, Ok(Memory::Seen), "the real store knows it");
    }

    #[test]
    fn the_memory_is_bounded() {
        let remembered = Remembered::default();
        let pair = |number: usize| pair(&used("a", &number.to_string()));
        (0..=CAPACITY).for_each(|number| assert!(!remembered.put(pair(number))));
        assert_eq!(remembered.0.lock().unwrap().known.len(), CAPACITY);
        assert!(remembered.put(pair(1)) && !remembered.put(pair(0)), "the oldest was forgotten");
    }
}
