//! The state of one URL: its set, and whether a request may start a fetch.
//!
//! At most one fetch is under way. A request joins it or starts it; it continues when no request waits any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dropins_services::UnixMillis;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::cached_set::{CachedSet, millis};
use super::error::FetchError;
use super::jwks_url::JwksUrl;
use super::outcome::FetchOutcome;
use super::settings::FetchSettings;

/// Requests that may wait for one fetch; the client's further requests are rejected at once.
const MAX_WAITING: usize = 200;
/// Memory of a slot without a set.
const SLOT_OVERHEAD: usize = 1024;

/// How a fetch ended.
pub(crate) type FetchResult = Result<FetchOutcome, FetchError>;

/// A fetch that is under way, as a waiting request sees it.
pub(crate) type Flight = watch::Receiver<Option<FetchResult>>;

/// A URL.
#[derive(Debug)]
pub(crate) struct Slot {
    url: JwksUrl,
    state: Mutex<State>,
    /// Requests that may wait for a fetch of the URL.
    seats: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    set: Option<Arc<CachedSet>>,
    /// Whether the set was loaded from disk.
    restored: bool,
    /// When the last fetch failed, if it did.
    failed_at: Option<UnixMillis>,
    flight: Option<Flight>,
    /// When a request last caused a refresh of a set that was fresh.
    refreshed_at: Option<UnixMillis>,
}

/// How a request gets the next set.
#[derive(Debug)]
pub(crate) enum Wait {
    /// A fetch is under way.
    Join(Flight),
    /// The caller begins a fetch.
    Start(FetchTicket),
}

/// The right to fetch, and the duty to [finish](Slot::finish) the fetch.
#[derive(Debug)]
pub(crate) struct FetchTicket {
    sender: watch::Sender<Option<FetchResult>>,
    /// Whether to fetch even if the set is fresh.
    pub(crate) forced: bool,
}

impl FetchTicket {
    pub(crate) fn flight(&self) -> Flight {
        self.sender.subscribe()
    }
}

impl Slot {
    pub(crate) fn new(url: JwksUrl) -> Self {
        Self { url, state: Mutex::default(), seats: Semaphore::new(MAX_WAITING) }
    }

    pub(crate) fn url(&self) -> &JwksUrl {
        &self.url
    }

    /// A place among the waiting requests, if one is free.
    pub(crate) fn seat(&self) -> Option<SemaphorePermit<'_>> {
        self.seats.try_acquire().ok()
    }

    /// Roughly how many bytes of memory the slot takes.
    pub(crate) fn memory(&self) -> usize {
        let set = self.state().set.as_ref().map_or(0, |set| set.memory());
        set.saturating_add(self.url.as_str().len().saturating_mul(4)).saturating_add(SLOT_OVERHEAD)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The set, unless it has expired.
    pub(crate) fn usable(&self, now: UnixMillis) -> Option<Arc<CachedSet>> {
        self.state().set.clone().filter(|set| set.is_usable(now))
    }

    /// The set, if it is fresh.
    pub(crate) fn fresh(&self, now: UnixMillis) -> Option<Arc<CachedSet>> {
        self.state().set.clone().filter(|set| set.is_fresh(now))
    }

    /// The set for a conditional request. After a failure the request is unconditional, so that a server that handles
    /// conditional requests wrongly is not sent the same one forever.
    pub(crate) fn validated(&self) -> Option<Arc<CachedSet>> {
        let state = self.state();
        state.set.clone().filter(|_| state.failed_at.is_none())
    }

    /// Whether the set has not been loaded from disk yet.
    pub(crate) fn lacks_restoring(&self) -> bool {
        !self.state().restored
    }

    /// Takes the set from disk.
    pub(crate) fn restore(&self, set: Option<CachedSet>) {
        let mut state = self.state();
        state.restored = true;
        if state.set.is_none() {
            state.set = set.map(Arc::new);
        }
    }

    /// What to wait for if the set is missing or stale. Returns `None` shortly after a failure.
    pub(crate) fn when_due(&self, now: UnixMillis, settings: &FetchSettings) -> Option<Wait> {
        let mut state = self.state();
        let fresh = state.set.as_ref().is_some_and(|set| set.is_fresh(now));
        (!fresh && !state.is_paused(now, settings)).then(|| state.join_or_start(false))
    }

    /// What to wait for if the set that the request has `seen` lacks its `kid`, or failed to verify a signature: it joins
    /// a fetch that is under way, and starts one at most once per pause, for all clients of the URL.
    pub(crate) fn when_in_doubt(
        &self,
        seen: &Arc<CachedSet>,
        now: UnixMillis,
        settings: &FetchSettings,
    ) -> Option<Wait> {
        let mut state = self.state();
        if state.flight.is_some() {
            return Some(state.join_or_start(true));
        }
        let replaced = !state.set.as_ref().is_some_and(|set| Arc::ptr_eq(set, seen));
        let refreshed = state.refreshed_at.is_some_and(|at| is_within(at, settings.refresh_pause, now));
        if replaced || refreshed || state.is_paused(now, settings) {
            return None;
        }
        state.refreshed_at = Some(now);
        Some(state.join_or_start(true))
    }

    /// A fetch, even if the set is fresh.
    pub(crate) fn at_once(&self) -> Wait {
        self.state().join_or_start(true)
    }

    /// Ends the fetch: a set replaces the previous one; a failure keeps it and starts a pause.
    pub(crate) fn finish(
        &self,
        ticket: FetchTicket,
        result: Result<(Arc<CachedSet>, FetchOutcome), FetchError>,
        now: UnixMillis,
    ) {
        let mut state = self.state();
        state.flight = None;
        let result = match result {
            Ok((set, outcome)) => {
                state.set = Some(set);
                state.failed_at = None;
                Ok(outcome)
            }
            Err(error) => {
                state.failed_at = Some(now);
                Err(error)
            }
        };
        drop(state);
        ticket.sender.send_replace(Some(result));
    }
}

impl State {
    fn is_paused(&self, now: UnixMillis, settings: &FetchSettings) -> bool {
        self.failed_at.is_some_and(|at| is_within(at, settings.failure_pause, now))
    }

    fn join_or_start(&mut self, forced: bool) -> Wait {
        if let Some(flight) = &self.flight {
            return Wait::Join(flight.clone());
        }
        let (sender, flight) = watch::channel(None);
        self.flight = Some(flight);
        Wait::Start(FetchTicket { sender, forced })
    }
}

/// Whether a pause lasts. A pause that starts in the future means that the clock was set back.
fn is_within(began: UnixMillis, pause: Duration, now: UnixMillis) -> bool {
    (began..began.saturating_add(millis(pause))).contains(&now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, SECOND};

    const SETTINGS: fn() -> FetchSettings = FetchSettings::default;

    fn slot() -> Slot {
        Slot::new(JwksUrl::parse("https://client.example/", &SETTINGS()).unwrap())
    }

    fn set() -> CachedSet {
        let body = br#"{"keys":[]}"#.to_vec();
        CachedSet::read(slot().url(), &http::HeaderMap::new(), body, NOW, &SETTINGS()).unwrap()
    }

    fn start(boarding: Option<Wait>) -> FetchTicket {
        match boarding {
            Some(Wait::Start(ticket)) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_second_request_joins_the_fetch_of_the_first_and_learns_how_it_ends() {
        let slot = slot();
        let ticket = start(slot.when_due(NOW, &SETTINGS()));
        let Some(Wait::Join(flight)) = slot.when_due(NOW, &SETTINGS()) else { panic!("two fetches") };
        assert!(matches!(slot.at_once(), Wait::Join(_)));
        slot.finish(ticket, Err(FetchError::BadStatus(404)), NOW);
        assert_eq!(*flight.borrow(), Some(Err(FetchError::BadStatus(404))));
    }

    #[test]
    fn a_set_in_doubt_is_refreshed_once_in_ten_seconds_for_all_clients() {
        let (slot, set) = (slot(), set());
        slot.restore(Some(set));
        let seen = slot.fresh(NOW).unwrap();
        let in_doubt = |seen: &Arc<CachedSet>, now| slot.when_in_doubt(seen, now, &SETTINGS());
        let ticket = start(in_doubt(&seen, NOW));
        assert!(matches!(in_doubt(&seen, NOW), Some(Wait::Join(_))));
        slot.finish(ticket, Ok((Arc::clone(&seen), FetchOutcome::NotModified)), NOW);
        assert!(in_doubt(&seen, NOW).is_none() && in_doubt(&seen, NOW + 10 * SECOND - 1).is_none());
        let replaced = Arc::new(seen.as_ref().clone());
        assert!(in_doubt(&replaced, NOW + 10 * SECOND).is_none(), "the request has not seen the current set");
        slot.finish(start(in_doubt(&seen, NOW + 10 * SECOND)), Err(FetchError::Interrupted), NOW + 10 * SECOND);
        assert!(in_doubt(&seen, NOW - 1).is_some(), "the clock was set back");
    }

    #[test]
    fn a_bounded_number_of_requests_waits() {
        let slot = slot();
        let seats: Vec<_> = std::iter::from_fn(|| slot.seat()).take(1000).collect();
        assert_eq!(seats.len(), MAX_WAITING);
        drop(seats);
        assert!(slot.seat().is_some());
    }

    #[test]
    fn a_failure_pauses_and_a_clock_that_is_set_back_ends_the_pause() {
        let slot = slot();
        slot.finish(start(slot.when_due(NOW, &SETTINGS())), Err(FetchError::Interrupted), NOW);
        for now in [NOW, NOW + 10 * SECOND - 1] {
            assert!(slot.when_due(now, &SETTINGS()).is_none());
        }
        for now in [NOW - 1, NOW + 10 * SECOND] {
            slot.finish(start(slot.when_due(now, &SETTINGS())), Err(FetchError::Interrupted), NOW);
        }
    }
}
