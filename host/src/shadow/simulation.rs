//! A replay store that says what the real one would say, and changes nothing in it.
//!
//! The live plug-in came first: what it was told about an assertion, its shadow is told too. For any other assertion
//! the real store is asked without being told anything, and what the shadow would have used up is remembered here.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::services::{self, ReplayStore, Unavailable, Use};
use dropins_services::Digest;

/// Pairs of client and `jti` that are remembered; beyond it the oldest are forgotten.
const CAPACITY: usize = 10_000;

/// A pair in so many bytes that its parts, which the shadow chooses, cannot fill the memory.
fn pair(used: &Use) -> Digest {
    let length = (used.client_id.len() as u64).to_le_bytes();
    Digest::of(&[&length, used.client_id.as_bytes(), used.jti.as_bytes()].concat())
}

/// What a shadow would have used up.
#[derive(Default)]
pub(super) struct Memory(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    pairs: HashSet<Digest>,
    order: VecDeque<Digest>,
}

impl Memory {
    /// Whether the pair was there; it is there afterwards.
    fn put(&self, pair: Digest) -> bool {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !remembered.pairs.insert(pair) {
            return true;
        }
        remembered.order.push_back(pair);
        if remembered.order.len() > CAPACITY
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.pairs.remove(&oldest);
        }
        false
    }
}

/// The replay store of one request of a shadow.
pub(super) struct Simulation {
    real: Arc<dyn ReplayStore>,
    memory: Arc<Memory>,
    /// What the live plug-in was told.
    told: Vec<(Use, services::Memory)>,
}

impl Simulation {
    pub(super) fn new(real: Arc<dyn ReplayStore>, memory: Arc<Memory>, told: Vec<(Use, services::Memory)>) -> Self {
        Self { real, memory, told }
    }
}

#[async_trait::async_trait]
impl ReplayStore for Simulation {
    async fn remember(&self, used: Use) -> Result<services::Memory, Unavailable> {
        let same = |other: &Use| other.client_id == used.client_id && other.jti == used.jti;
        if let Some((_, verdict)) = self.told.iter().find(|(other, _)| same(other)) {
            return Ok(*verdict);
        }
        let pair = pair(&used);
        let verdict = self.real.peek(used).await?;
        let here = self.memory.put(pair);
        Ok(if here { services::Memory::Seen } else { verdict })
    }

    async fn peek(&self, used: Use) -> Result<services::Memory, Unavailable> {
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
        async fn remember(&self, _used: Use) -> Result<services::Memory, Unavailable> {
            panic!("a shadow must not use up anything")
        }

        async fn peek(&self, used: Use) -> Result<services::Memory, Unavailable> {
            Ok(if used.jti == "old" { services::Memory::Seen } else { services::Memory::First })
        }
    }

    fn used(client: &str, jti: &str) -> Use {
        let (client_id, jti) = (client.to_owned(), jti.to_owned());
        Use { client_id, jti, issued_at: None, expires_at: 2, now: 0, cached: true, attempt: None }
    }

    #[tokio::test]
    async fn a_shadow_is_told_what_the_live_plug_in_was_told() {
        let told = vec![(used("a", "live"), services::Memory::First)];
        let simulation = Simulation::new(Arc::new(Real), Arc::default(), told);
        for _ in 0..2 {
            assert_eq!(simulation.remember(used("a", "live")).await, Ok(services::Memory::First));
        }
        let told = vec![(used("a", "live"), services::Memory::Seen)];
        let replayed = Simulation { told, ..simulation };
        assert_eq!(replayed.remember(used("a", "live")).await, Ok(services::Memory::Seen));
    }

    #[tokio::test]
    async fn what_only_the_shadow_uses_is_seen_the_second_time() {
        let memory: Arc<Memory> = Arc::default();
        let request = || Simulation::new(Arc::new(Real), Arc::clone(&memory), Vec::new());
        assert_eq!(request().remember(used("a", "new")).await, Ok(services::Memory::First));
        assert_eq!(request().remember(used("b", "new")).await, Ok(services::Memory::First), "of another client");
        assert_eq!(request().remember(used("a", "new")).await, Ok(services::Memory::Seen));
        assert_eq!(request().remember(used("a", "old")).await, Ok(services::Memory::Seen), "the real store knows it");
    }

    #[test]
    fn the_memory_is_bounded() {
        let memory = Memory::default();
        let pair = |number: usize| pair(&used("a", &number.to_string()));
        (0..=CAPACITY).for_each(|number| assert!(!memory.put(pair(number))));
        assert_eq!(memory.0.lock().unwrap().pairs.len(), CAPACITY);
        assert!(memory.put(pair(1)) && !memory.put(pair(0)), "the oldest was forgotten");
    }
}
