//! Wrong secrets of one client from one address are bounded: after [`LIMIT`] within [`WINDOW`] the next is rejected.
//!
//! The client id counts as it was sent, registered or not, so that an answer tells nothing about it. Attempts under way
//! count as wrong as soon as one was wrong: parallel guesses gain nothing, and a busy client with the right secret never
//! waits. The memory is a fixed number of slots that are shared by a keyed hash: an attacker cannot fill it.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dropins_protocol::names::MAX_NAME;
use dropins_services::UnixMillis;
use dropins_store::users::Wait;

/// Wrong secrets that cost nothing.
const LIMIT: usize = 20;
/// How long a wrong secret counts.
const WINDOW: Duration = Duration::from_secs(60);
/// Pairs of a client and an address that are told apart; at most 200 bytes each.
const SLOTS: usize = 10_000;

/// The wrong secrets of the last minute.
pub struct SecretAttempts {
    /// Secret: without it, an attacker cannot tell which pairs share a slot.
    key: u64,
    slots: Mutex<Box<[Slot]>>,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    /// When the wrong ones were, the oldest first.
    wrong: VecDeque<UnixMillis>,
    under_way: usize,
}

/// An attempt whose secret counts as wrong unless something else is said of it.
#[must_use = "the secret of an attempt that is dropped was wrong"]
pub struct SecretAttempt {
    attempts: Arc<SecretAttempts>,
    place: usize,
    begun: UnixMillis,
    wrong: bool,
}

impl SecretAttempts {
    /// No wrong secret yet.
    pub fn new() -> Self {
        Self::keyed(RandomState::new().hash_one(()))
    }

    fn keyed(key: u64) -> Self {
        Self { key, slots: Mutex::new(vec![Slot::default(); SLOTS].into()) }
    }

    /// Begins an attempt; to be called before any hash is computed.
    ///
    /// # Errors
    /// [`Wait`] if there were too many wrong secrets of this client from this address.
    pub fn check(self: &Arc<Self>, client_id: &str, address: IpAddr, now: UnixMillis) -> Result<SecretAttempt, Wait> {
        let place = self.place(client_id, address);
        let refused_until = self.with(place, |slot| {
            let until = slot.refused_until(now);
            if until.is_none() {
                slot.under_way = slot.under_way.saturating_add(1);
            }
            until
        });
        match refused_until.flatten() {
            Some(until) => Err(Wait { seconds: until.saturating_sub(now).div_ceil(1000).max(1) }),
            None => Ok(SecretAttempt { attempts: Arc::clone(self), place, begun: now, wrong: true }),
        }
    }

    fn place(&self, client_id: &str, address: IpAddr) -> usize {
        let id = client_id.as_bytes();
        let mut hasher = DefaultHasher::new();
        (self.key, id.get(..MAX_NAME).unwrap_or(id), network(address)).hash(&mut hasher);
        usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
    }

    fn with<T>(&self, place: usize, change: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).get_mut(place).map(change)
    }
}

impl Default for SecretAttempts {
    fn default() -> Self {
        Self::new()
    }
}

impl Slot {
    /// Until when the next attempt is rejected; wrong secrets that no longer count are forgotten.
    fn refused_until(&mut self, now: UnixMillis) -> Option<UnixMillis> {
        let window = UnixMillis::try_from(WINDOW.as_millis()).unwrap_or(UnixMillis::MAX);
        while self.wrong.front().is_some_and(|oldest| now.saturating_sub(*oldest) >= window) {
            self.wrong.pop_front();
        }
        let oldest = *self.wrong.front()?;
        if self.wrong.len() >= LIMIT {
            return Some(oldest.saturating_add(window));
        }
        // What is under way will soon be judged.
        (self.wrong.len().saturating_add(self.under_way) >= LIMIT).then(|| now.saturating_add(1000))
    }
}

impl SecretAttempt {
    /// The secret was right, or no one could judge it: the attempt does not count.
    pub fn not_wrong(mut self) {
        self.wrong = false;
    }
}

impl Drop for SecretAttempt {
    fn drop(&mut self) {
        self.attempts.with(self.place, |slot| {
            slot.under_way = slot.under_way.saturating_sub(1);
            if self.wrong {
                if slot.wrong.len() >= LIMIT {
                    slot.wrong.pop_front();
                }
                slot.wrong.push_back(self.begun);
            }
        });
    }
}

/// What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which one host can have to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(host) => Ipv6Addr::from_bits(host.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: UnixMillis = 60_000;

    fn wrong(attempts: &Arc<SecretAttempts>, client_id: &str, address: &str, now: UnixMillis) -> Result<(), u64> {
        attempts.check(client_id, address.parse().unwrap(), now).map(drop).map_err(|wait| wait.seconds)
    }

    fn exhausted(client_id: &str, address: &str, now: UnixMillis) -> Arc<SecretAttempts> {
        let attempts = Arc::new(SecretAttempts::keyed(0));
        for _ in 0..LIMIT {
            assert_eq!(wrong(&attempts, client_id, address, now), Ok(()));
        }
        attempts
    }

    #[test]
    fn twenty_wrong_secrets_within_a_minute_are_judged_and_the_next_waits() {
        let attempts = exhausted("c", "127.0.0.1", 1_000);
        assert_eq!(wrong(&attempts, "c", "127.0.0.1", 1_000), Err(60));
        assert_eq!(wrong(&attempts, "c", "127.0.0.1", MINUTE + 999), Err(1));
        assert_eq!(wrong(&attempts, "c", "127.0.0.1", MINUTE + 1_000), Ok(()));
    }

    #[test]
    fn the_minute_slides() {
        let attempts = Arc::new(SecretAttempts::keyed(0));
        for second in 0..20 {
            assert_eq!(wrong(&attempts, "c", "192.0.2.1", second * 1000), Ok(()));
        }
        assert_eq!(wrong(&attempts, "c", "192.0.2.1", 50_000), Err(10));
        assert_eq!(wrong(&attempts, "c", "192.0.2.1", 60_000), Ok(()), "the first no longer counts");
        assert_eq!(wrong(&attempts, "c", "192.0.2.1", 60_000), Err(1), "the second still does");
    }

    #[test]
    fn another_client_and_another_address_are_not_affected() {
        let attempts = exhausted("c", "2001:db8::1", 0);
        assert_eq!(wrong(&attempts, "c", "2001:db8::ffff:1", 0), Err(60), "the same network of 64 bits");
        for (client_id, address) in [("d", "2001:db8::1"), ("C", "2001:db8::1"), ("c", "2001:db8:0:1::1")] {
            assert_eq!(wrong(&attempts, client_id, address, 0), Ok(()), "{client_id} {address}");
        }
        let mapped = exhausted("c", "192.0.2.1", 0);
        assert_eq!(wrong(&mapped, "c", "::ffff:192.0.2.1", 0), Err(60));
        assert_eq!(wrong(&mapped, "c", "192.0.2.2", 0), Ok(()));
    }

    #[test]
    fn an_id_counts_by_its_first_255_bytes() {
        let id = |tail: &str| format!("{}{tail}", "é".repeat(127));
        let attempts = exhausted(&id("xa"), "192.0.2.1", 0);
        assert_eq!(wrong(&attempts, &id("xb"), "192.0.2.1", 0), Err(60));
        assert_eq!(wrong(&attempts, &id("y"), "192.0.2.1", 0), Ok(()));
    }

    #[test]
    fn right_secrets_never_wait_however_many_are_under_way() {
        let attempts = Arc::new(SecretAttempts::keyed(0));
        let check = || attempts.check("c", "192.0.2.1".parse().unwrap(), 0);
        let under_way: Vec<_> = (0..1_000).map(|_| check().unwrap()).collect();
        under_way.into_iter().for_each(SecretAttempt::not_wrong);
        for _ in 0..1_000 {
            check().unwrap().not_wrong();
        }
    }

    #[test]
    fn parallel_guesses_gain_nothing_once_one_was_wrong() {
        let attempts = Arc::new(SecretAttempts::keyed(0));
        assert_eq!(wrong(&attempts, "c", "192.0.2.1", 0), Ok(()));
        let under_way: Vec<_> =
            (0..100).filter_map(|_| attempts.check("c", "192.0.2.1".parse().unwrap(), 0).ok()).collect();
        assert_eq!(under_way.len(), LIMIT - 1);
        assert_eq!(wrong(&attempts, "c", "192.0.2.1", 0), Err(1));
        drop(under_way);
        assert_eq!(wrong(&attempts, "c", "192.0.2.1", 0), Err(60));
    }

    #[test]
    fn the_memory_stays_bounded_whatever_is_sent() {
        let attempts = Arc::new(SecretAttempts::keyed(0));
        for number in 0..50_000 {
            let _judged_or_not = wrong(&attempts, &format!("id-{number}"), "192.0.2.1", 0);
        }
        let slots = attempts.slots.lock().unwrap();
        assert!(slots.len() == SLOTS && slots.iter().all(|slot| slot.wrong.len() <= LIMIT && slot.under_way == 0));
    }
}
