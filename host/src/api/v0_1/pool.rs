//! Instances that wait for their next request, for operators who prefer speed to a fresh instance.
//!
//! An instance serves a bounded number of requests, randomised so that no plug-in can count on its memory. It comes
//! back only after it has answered: one that failed, that keeps a handle of its request, or whose request was given up
//! half-way, is dropped.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Instance;
use dropins_services::Isolation;

/// Fewest requests of a reused instance; the most are twice as many.
const MIN_USES: u64 = 64;

/// Idle instances of one handler; each of them holds a slot of the engine's pool.
const MAX_IDLE: usize = 64;

/// An instance with the number of requests that it may still serve.
pub(super) struct Lent {
    pub(super) instance: Box<Instance>,
    uses_left: u64,
}

/// The idle instances of one handler; none when every request has a fresh one.
#[derive(Clone)]
pub(super) struct Pool(Option<Arc<Mutex<Idle>>>);

#[derive(Default)]
struct Idle {
    instances: Vec<Lent>,
    /// Whether the handler is not live, so that what it keeps would only be kept from others.
    resting: bool,
}

impl Pool {
    pub(super) fn new(isolation: Isolation) -> Self {
        Self((isolation == Isolation::Pooled).then(Arc::default))
    }

    fn idle(&self) -> Option<MutexGuard<'_, Idle>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An idle instance, when there is one.
    pub(super) fn take(&self) -> Option<Lent> {
        self.idle()?.instances.pop()
    }

    /// Keeps idle instances from now on, or drops them all and keeps none.
    pub(super) fn rest(&self, resting: bool) {
        let Some(mut idle) = self.idle() else { return };
        idle.resting = resting;
        let dropped = if resting { std::mem::take(&mut idle.instances) } else { Vec::new() };
        drop(idle);
        drop(dropped);
    }

    /// A new instance, to be used from now on.
    pub(super) fn lend(&self, instance: Instance) -> Lent {
        let uses_left = match &self.0 {
            Some(_) => MIN_USES + RandomState::new().build_hasher().finish() % MIN_USES,
            None => 1,
        };
        Lent { instance: Box::new(instance), uses_left }
    }

    /// Takes an instance back that has answered.
    pub(super) fn give_back(&self, mut lent: Lent) {
        lent.uses_left = lent.uses_left.saturating_sub(1);
        let Some(mut idle) = self.idle() else { return };
        if lent.uses_left > 0 && idle.instances.len() < MAX_IDLE && !idle.resting {
            idle.instances.push(lent);
        }
    }
}
