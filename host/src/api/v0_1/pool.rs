//! Instances that wait for their next request, for operators who prefer speed to a fresh instance.
//!
//! An instance serves a bounded number of requests, randomised so that no plug-in can count on its memory. It comes
//! back only after it has answered: one that failed, or whose request was given up half-way, is dropped.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use super::Instance;
use crate::listener::Isolation;

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
pub(super) struct Pool(Option<Arc<Mutex<Vec<Lent>>>>);

impl Pool {
    pub(super) fn new(isolation: Isolation) -> Self {
        Self((isolation == Isolation::Pooled).then(Arc::default))
    }

    /// An idle instance, when there is one.
    pub(super) fn take(&self) -> Option<Lent> {
        self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).pop()
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
        let Some(idle) = &self.0 else { return };
        lent.uses_left = lent.uses_left.saturating_sub(1);
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        if lent.uses_left > 0 && idle.len() < MAX_IDLE {
            idle.push(lent);
        }
    }
}
