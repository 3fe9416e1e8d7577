//! Whose turn it is to fetch: so many fetches at once, and where a list of strangers' hosts demands it, one a host.
//!
//! A fetch waits for its turn within its own time-out. The number of waiting fetches is bounded; one more is rejected at
//! once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

use super::error::FetchError;
use super::settings::FetchSettings;

/// Fetches that may wait for their turn.
const MAX_WAITING: usize = 1000;

/// The turns of one client.
pub(crate) struct Turns {
    at_once: usize,
    one_a_host: bool,
    /// The host of each fetch that is under way.
    hosts: Mutex<Vec<String>>,
    freed: Notify,
    seats: Semaphore,
}

/// A turn; it ends when it is dropped.
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    host: String,
}

impl Turns {
    pub(crate) fn new(settings: &FetchSettings) -> Self {
        Self {
            at_once: settings.at_once,
            one_a_host: settings.one_a_host,
            hosts: Mutex::default(),
            freed: Notify::new(),
            seats: Semaphore::new(MAX_WAITING),
        }
    }

    /// Waits for a turn to fetch from this host.
    pub(crate) async fn take(&self, host: &str) -> Result<Turn<'_>, FetchError> {
        if let Some(turn) = self.try_take(host) {
            return Ok(turn);
        }
        let _seat = self.seats.try_acquire().map_err(|_| FetchError::Crowded)?;
        loop {
            // Enabled before the look, so that a turn that ends in between is not missed.
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if let Some(turn) = self.try_take(host) {
                return Ok(turn);
            }
            freed.await;
        }
    }

    fn try_take(&self, host: &str) -> Option<Turn<'_>> {
        let mut hosts = self.hosts();
        let is_busy = self.one_a_host && hosts.iter().any(|other| other == host);
        if is_busy || hosts.len() >= self.at_once {
            return None;
        }
        hosts.push(host.to_owned());
        Some(Turn { turns: self, host: host.to_owned() })
    }

    fn hosts(&self) -> MutexGuard<'_, Vec<String>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut hosts = self.turns.hosts();
        if let Some(at) = hosts.iter().position(|host| *host == self.host) {
            hosts.swap_remove(at);
        }
        drop(hosts);
        self.turns.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn turns(at_once: usize, one_a_host: bool) -> Turns {
        Turns::new(&FetchSettings { at_once, one_a_host, ..FetchSettings::default() })
    }

    #[tokio::test]
    async fn one_host_has_one_turn_and_others_do_not_wait_for_it() {
        let turns = turns(8, true);
        let first = turns.take("a").await.ok().unwrap();
        assert!(turns.try_take("a").is_none());
        assert!(turns.try_take("b").is_some());
        let (second, ()) = tokio::join!(turns.take("a"), async { drop(first) });
        assert!(second.is_ok());
    }

    #[tokio::test]
    async fn a_bounded_number_has_a_turn_at_once() {
        let turns = turns(2, false);
        let held = [turns.try_take("a").unwrap(), turns.try_take("a").unwrap()];
        let waiting = tokio::time::timeout(Duration::from_millis(1), turns.take("b")).await;
        assert!(waiting.is_err(), "a third one waits");
        drop(held);
        assert!(turns.try_take("b").is_some());
    }

    #[tokio::test]
    async fn a_bounded_number_waits() {
        let turns = turns(0, false);
        let seats: Vec<_> = (0..MAX_WAITING).map(|_| turns.seats.try_acquire().unwrap()).collect();
        assert_eq!(turns.take("a").await.err(), Some(FetchError::Crowded));
        drop(seats);
    }
}
