//! What is known about one URL, and who may cause a fetch of it.
//!
//! At most one fetch is under way. A request gets on it or starts it; the fetch goes on when nobody waits any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dropins_services::UnixMillis;
use tokio::sync::watch;

use super::cached_set::{CachedSet, millis};
use super::error::{FetchError, FetchOutcome};
use super::jwks_url::JwksUrl;
use super::settings::FetchSettings;

/// How a fetch ended.
pub(crate) type Landing = Result<FetchOutcome, FetchError>;

/// A fetch that is under way, seen by those who wait for it.
pub(crate) type Flight = watch::Receiver<Option<Landing>>;

/// A URL.
#[derive(Debug)]
pub(crate) struct Slot {
    url: JwksUrl,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    set: Option<Arc<CachedSet>>,
    /// Whether the disk has been asked.
    restored: bool,
    /// When the last fetch failed, if it did.
    failed_at: Option<UnixMillis>,
    flight: Option<Flight>,
    /// When each client last caused a fetch by an unknown `kid`.
    unknown_kids: HashMap<String, UnixMillis>,
}

/// A way to the next set.
#[derive(Debug)]
pub(crate) enum Boarding {
    /// A fetch is under way.
    Join(Flight),
    /// The caller begins a fetch.
    Start(Takeoff),
}

/// The duty to fetch: it must be [landed](Slot::land).
#[derive(Debug)]
pub(crate) struct Takeoff {
    sender: watch::Sender<Option<Landing>>,
    /// Whether a fresh set does not do.
    pub(crate) forced: bool,
}

impl Takeoff {
    pub(crate) fn flight(&self) -> Flight {
        self.sender.subscribe()
    }
}

impl Slot {
    pub(crate) fn new(url: JwksUrl) -> Self {
        Self { url, state: Mutex::default() }
    }

    pub(crate) fn url(&self) -> &JwksUrl {
        &self.url
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The set, unless it is too old.
    pub(crate) fn usable(&self, now: UnixMillis) -> Option<Arc<CachedSet>> {
        self.state().set.clone().filter(|set| set.is_usable(now))
    }

    /// The set, if it need not be fetched.
    pub(crate) fn fresh(&self, now: UnixMillis) -> Option<Arc<CachedSet>> {
        self.state().set.clone().filter(|set| set.is_fresh(now))
    }

    /// The set to ask the server about. After a failure it is asked for all, lest a server that answers wrongly to the
    /// question is asked it for ever.
    pub(crate) fn validated(&self) -> Option<Arc<CachedSet>> {
        let state = self.state();
        state.set.clone().filter(|_| state.failed_at.is_none())
    }

    /// Whether the disk has yet to be asked.
    pub(crate) fn lacks_restoring(&self) -> bool {
        !self.state().restored
    }

    /// Takes what the disk had.
    pub(crate) fn restore(&self, set: Option<CachedSet>) {
        let mut state = self.state();
        state.restored = true;
        if state.set.is_none() {
            state.set = set.map(Arc::new);
        }
    }

    /// What to wait for when the set is missing or no longer fresh; nothing after a failure.
    pub(crate) fn when_due(&self, now: UnixMillis, settings: &FetchSettings) -> Option<Boarding> {
        let mut state = self.state();
        let fresh = state.set.as_ref().is_some_and(|set| set.is_fresh(now));
        (!fresh && !state.is_paused(now, settings)).then(|| state.board(false))
    }

    /// What to wait for when the client's `kid` is not in the set that it has seen. It may start a fetch once in a while,
    /// and get on one that is under way at any time.
    pub(crate) fn when_unknown(
        &self,
        client_id: &str,
        seen: &Arc<CachedSet>,
        now: UnixMillis,
        settings: &FetchSettings,
    ) -> Option<Boarding> {
        let mut state = self.state();
        if state.flight.is_some() {
            return Some(state.board(true));
        }
        state.unknown_kids.retain(|_, at| is_within(*at, settings.unknown_kid_pause, now));
        let replaced = !state.set.as_ref().is_some_and(|set| Arc::ptr_eq(set, seen));
        if replaced || state.is_paused(now, settings) || state.unknown_kids.contains_key(client_id) {
            return None;
        }
        state.unknown_kids.insert(client_id.to_owned(), now);
        Some(state.board(true))
    }

    /// A fetch, whatever is known.
    pub(crate) fn at_once(&self) -> Boarding {
        self.state().board(true)
    }

    /// Ends the fetch: a set replaces the one that was there, a failure leaves it and causes a pause.
    pub(crate) fn land(
        &self,
        takeoff: Takeoff,
        result: Result<(Arc<CachedSet>, FetchOutcome), FetchError>,
        now: UnixMillis,
    ) {
        let mut state = self.state();
        state.flight = None;
        let landing = match result {
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
        takeoff.sender.send_replace(Some(landing));
    }
}

impl State {
    fn is_paused(&self, now: UnixMillis, settings: &FetchSettings) -> bool {
        self.failed_at.is_some_and(|at| is_within(at, settings.failure_pause, now))
    }

    fn board(&mut self, forced: bool) -> Boarding {
        if let Some(flight) = &self.flight {
            return Boarding::Join(flight.clone());
        }
        let (sender, flight) = watch::channel(None);
        self.flight = Some(flight);
        Boarding::Start(Takeoff { sender, forced })
    }
}

/// Whether the pause that began then lasts. A pause that has yet to begin was noted by a clock that was set back since.
fn is_within(began: UnixMillis, pause: Duration, now: UnixMillis) -> bool {
    (began..began.saturating_add(millis(pause))).contains(&now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::testing::{NOW, SECOND};

    const SETTINGS: fn() -> FetchSettings = FetchSettings::default;

    fn slot() -> Slot {
        Slot::new(JwksUrl::parse("https://client.example/", &SETTINGS()).unwrap())
    }

    fn start(boarding: Option<Boarding>) -> Takeoff {
        match boarding {
            Some(Boarding::Start(takeoff)) => takeoff,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_second_request_joins_the_fetch_of_the_first_and_learns_how_it_ends() {
        let slot = slot();
        let takeoff = start(slot.when_due(NOW, &SETTINGS()));
        let Some(Boarding::Join(flight)) = slot.when_due(NOW, &SETTINGS()) else { panic!("two fetches") };
        assert!(matches!(slot.at_once(), Boarding::Join(_)));
        slot.land(takeoff, Err(FetchError::BadStatus(404)), NOW);
        assert_eq!(*flight.borrow(), Some(Err(FetchError::BadStatus(404))));
    }

    #[test]
    fn a_failure_pauses_and_a_clock_that_is_set_back_ends_the_pause() {
        let slot = slot();
        slot.land(start(slot.when_due(NOW, &SETTINGS())), Err(FetchError::Interrupted), NOW);
        for now in [NOW, NOW + 10 * SECOND - 1] {
            assert!(slot.when_due(now, &SETTINGS()).is_none());
        }
        for now in [NOW - 1, NOW + 10 * SECOND] {
            slot.land(start(slot.when_due(now, &SETTINGS())), Err(FetchError::Interrupted), NOW);
        }
    }
}
