//! Honest retries: a first use that was given back may be had once more, by the same request.
//!
//! A caller that is told that its use is the first owns it. It is free again if its owner's request ended in a server
//! error, or if that answer reached no caller; only this process knows either, and what is not known is not forgiven. A free first use goes to the next identical use for which the store still finds the row of that very first
//! use, if a server error was answered within its window: one atomic step, so to one of them only.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use dropins_services::{UnixMillis, Use};
use parking_lot::{Mutex, MutexGuard};

use crate::entry::Key;

/// How many first uses are kept; beyond it the oldest are not forgiven any more.
const CAPACITY: usize = 10_000;

/// How long one is kept after its window, in milliseconds, so that a retry that is under way does not begin a new window.
const GRACE: UnixMillis = 60_000;

/// A use that may be repeated, or repeats another one.
#[derive(Debug, Clone)]
pub struct Retry {
    same: Arc<Same>,
    now: UnixMillis,
    window: UnixMillis,
}

/// What a retry has in common with what it repeats.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Same {
    key: Key,
    /// It tells the row of this first use from all later ones of the pair: they begin where this one ends, and end later.
    expires_at: u64,
    digest: [u8; 32],
}

/// What is known about a first use.
#[derive(Debug)]
struct State {
    /// The end of the window, which began with the first attempt.
    until: UnixMillis,
    /// Whether an identical request was answered with a server error since a caller was last told that it is the first.
    failed: bool,
    /// Whether it has no owner.
    free: bool,
}

/// The first uses that may be had once more. Bounded, and lost with the process.
#[derive(Debug, Default)]
pub(crate) struct Retries(Mutex<Ledger>);

/// Each key of the map is in the queue once, in the order in which they came.
#[derive(Debug, Default)]
struct Ledger {
    states: HashMap<Arc<Same>, State>,
    queue: VecDeque<(UnixMillis, Arc<Same>)>,
}

impl Retry {
    /// The use as one that may be retried. Returns `None` if it has no attempt.
    pub fn of(used: &Use) -> Option<Self> {
        let attempt = used.attempt?;
        let key = Key { client_id: used.client_id.clone(), jti: used.jti.clone() };
        let window = UnixMillis::try_from(attempt.window.as_millis()).unwrap_or(UnixMillis::MAX);
        let same = Arc::new(Same { key, expires_at: used.expires_at, digest: attempt.digest });
        Some(Self { same, now: used.now, window })
    }

    fn until(&self) -> UnixMillis {
        self.now.saturating_add(self.window)
    }
}

impl Retries {
    /// The request of this use ended in a server error; `first` when it was told that its use is the first.
    pub(crate) fn failed(&self, retry: &Retry, first: bool) {
        self.ledger().note(retry, |state| {
            state.failed = true;
            state.free |= first;
        });
    }

    /// The store remembered this use as the first, and no caller waited for the answer any more.
    pub(crate) fn unheard(&self, retry: &Retry) {
        self.ledger().note(retry, |state| state.free = true);
    }

    /// The store itself said that this use is the first: what was known about it no longer holds.
    pub(crate) fn begun(&self, retry: &Retry) {
        if let Some(state) = self.ledger().states.get_mut(&retry.same) {
            (state.failed, state.free) = (false, false);
        }
    }

    /// Whether this use would be forgiven as far as is known here; the store must be asked for its row.
    pub(crate) fn expects(&self, retry: &Retry) -> bool {
        self.ledger().open(retry).is_some()
    }

    /// Makes this use the first once more, if it may be. `until` is the expiry that the store holds for the pair.
    pub(crate) fn take(&self, retry: &Retry, until: u64) -> bool {
        let mut ledger = self.ledger();
        let open = ledger.open(retry).filter(|_| retry.same.expires_at == until);
        open.map(|state| (state.failed, state.free) = (false, false)).is_some()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock()
    }
}

impl Ledger {
    fn open(&mut self, retry: &Retry) -> Option<&mut State> {
        let may = |state: &&mut State| state.failed && state.free && retry.now <= state.until;
        self.states.get_mut(&retry.same).filter(may)
    }

    fn note(&mut self, retry: &Retry, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.states.get_mut(&retry.same) {
            return change(state);
        }
        while self.queue.len() >= CAPACITY || self.queue.front().is_some_and(|(end, _)| *end < retry.now) {
            let Some((_, over)) = self.queue.pop_front() else { break };
            self.states.remove(&over);
        }
        let mut state = State { until: retry.until(), failed: false, free: false };
        change(&mut state);
        self.queue.push_back((state.until.saturating_add(GRACE), Arc::clone(&retry.same)));
        self.states.insert(Arc::clone(&retry.same), state);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dropins_services::Attempt;

    use super::*;

    const EXPIRES_AT: u64 = 1000;

    /// The attempt of a request at this millisecond, with a window of a second.
    fn retry(jti: impl ToString, now: UnixMillis) -> Retry {
        let attempt = Attempt { digest: [7; 32], window: Duration::from_secs(1) };
        let (client_id, jti) = ("c".to_owned(), jti.to_string());
        let expires_at = EXPIRES_AT;
        let used = Use { client_id, jti, issued_at: None, expires_at, now, cached: false, attempt: Some(attempt) };
        Retry::of(&used).unwrap()
    }

    fn differing(change: impl FnOnce(&mut Same)) -> Retry {
        let Retry { same, now, window } = retry("j", 0);
        let mut same = Arc::into_inner(same).unwrap();
        change(&mut same);
        Retry { same: Arc::new(same), now, window }
    }

    #[test]
    fn a_use_without_an_attempt_is_no_retry() {
        let (client_id, jti) = (String::new(), String::new());
        let used = Use { client_id, jti, issued_at: None, expires_at: 1, now: 0, cached: false, attempt: None };
        assert!(Retry::of(&used).is_none());
    }

    #[test]
    fn a_first_use_that_failed_is_had_once_more_and_once_only() {
        let retries = Retries::default();
        assert!(!retries.take(&retry("j", 0), EXPIRES_AT));
        retries.failed(&retry("j", 0), true);
        assert!(retries.expects(&retry("j", 1)));
        assert!(retries.take(&retry("j", 1), EXPIRES_AT));
        assert!(!retries.expects(&retry("j", 1)));
        assert!(!retries.take(&retry("j", 2), EXPIRES_AT));
    }

    #[test]
    fn both_must_be_known_the_first_use_and_the_server_error_in_any_order() {
        let retries = Retries::default();
        retries.failed(&retry("a", 0), false);
        assert!(!retries.take(&retry("a", 1), EXPIRES_AT), "it may have been used before");
        retries.unheard(&retry("a", 0));
        assert!(retries.take(&retry("a", 1), EXPIRES_AT));

        retries.unheard(&retry("b", 0));
        assert!(!retries.take(&retry("b", 1), EXPIRES_AT), "its client hung up");
        retries.failed(&retry("b", 0), false);
        assert!(retries.take(&retry("b", 1), EXPIRES_AT));
    }

    #[test]
    fn whatever_differs_is_no_retry() {
        let retries = Retries::default();
        retries.failed(&retry("j", 0), true);
        for other in [
            differing(|same| same.key.client_id.push('x')),
            differing(|same| same.key.jti.push('x')),
            differing(|same| same.digest = [8; 32]),
            differing(|same| same.expires_at += 1),
        ] {
            assert!(!retries.expects(&other), "{other:?}");
            assert!(!retries.take(&other, other.same.expires_at), "{other:?}");
        }
        assert!(!retries.take(&retry("j", 1), EXPIRES_AT + 1), "another row is in the store");
        assert!(retries.take(&retry("j", 1), EXPIRES_AT));
    }

    #[test]
    fn the_window_begins_with_the_first_attempt() {
        for (now, forgiven) in [(1500, true), (1501, false)] {
            let retries = Retries::default();
            retries.failed(&retry("j", 500), true);
            assert!(retries.take(&retry("j", 1000), EXPIRES_AT));
            retries.failed(&retry("j", 1000), true);
            assert_eq!(retries.take(&retry("j", now), EXPIRES_AT), forgiven, "{now}");
        }
    }

    #[test]
    fn a_new_first_use_ends_what_was_known() {
        let retries = Retries::default();
        retries.failed(&retry("j", 0), true);
        retries.begun(&retry("j", 1));
        assert!(!retries.take(&retry("j", 2), EXPIRES_AT));
    }

    #[test]
    fn the_ledger_is_bounded_and_forgets_the_oldest_and_what_is_over() {
        let retries = Retries::default();
        (0..=CAPACITY).for_each(|n| retries.failed(&retry(n, 0), true));
        assert_eq!(retries.ledger().states.len(), CAPACITY);
        assert!(!retries.expects(&retry(0, 0)) && retries.expects(&retry(1, 0)));

        retries.failed(&retry("later", 1000 + GRACE + 1), true);
        let ledger = retries.ledger();
        assert_eq!((ledger.states.len(), ledger.queue.len()), (1, 1));
    }
}
