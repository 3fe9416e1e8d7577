//! Idle instances, for operators who prefer speed to a fresh instance per request.
//!
//! An instance serves a bounded, randomised number of requests, so a plug-in cannot rely on its memory. It returns only
//! after it has answered; it is dropped if it failed, keeps a handle of its request, or the client hung up.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dropins_services::Isolation;

use crate::run::v0_2::instance::Instance;

/// Fewest requests of a reused instance; the most are twice as many.
const MIN_USES: u64 = 64;

/// Idle instances of one handler; each of them holds a slot of the engine's pool.
const MAX_IDLE: usize = 64;

/// An instance with the number of requests that it may still serve.
pub(super) struct Lent {
    pub(super) instance: Box<Instance>,
    uses_left: u64,
}

/// The idle instances of one handler; `None` if every request has a fresh one.
#[derive(Clone)]
pub(super) struct Pool(Option<Arc<Mutex<Idle>>>);

#[derive(Default)]
struct Idle {
    instances: Vec<Lent>,
    /// Whether the handler is not live, so its idle instances would only take slots from others.
    closed: bool,
}

impl Pool {
    /// A pool, if instances are to be reused.
    pub(super) fn new(isolation: Isolation) -> Self {
        Self((isolation == Isolation::Pooled).then(Arc::default))
    }

    fn idle(&self) -> Option<MutexGuard<'_, Idle>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An idle instance, if there is one.
    pub(super) fn take(&self) -> Option<Lent> {
        self.idle()?.instances.pop()
    }

    /// Keeps idle instances from now on, or drops them all and keeps none.
    pub(super) fn keep(&self, keep: bool) {
        let Some(mut idle) = self.idle() else { return };
        idle.closed = !keep;
        let dropped = if keep { Vec::new() } else { std::mem::take(&mut idle.instances) };
        drop(idle);
        drop(dropped);
    }

    /// Counts the uses of a new instance.
    pub(super) fn lend(&self, instance: Instance) -> Lent {
        let uses_left = match &self.0 {
            Some(_) => MIN_USES + RandomState::new().build_hasher().finish() % MIN_USES,
            None => 1,
        };
        Lent { instance: Box::new(instance), uses_left }
    }

    /// Takes back an instance that has answered.
    pub(super) fn give_back(&self, mut lent: Lent) {
        lent.uses_left = lent.uses_left.saturating_sub(1);
        let Some(mut idle) = self.idle() else { return };
        if lent.uses_left > 0 && idle.instances.len() < MAX_IDLE && !idle.closed {
            idle.instances.push(lent);
        }
    }
}
