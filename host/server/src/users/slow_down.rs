//! Guessing passwords becomes slow: by account, whoever asks, and by address, whichever account.
//!
//! An attempt counts as failed from its beginning, so that parallel attempts gain nothing. The memory is a fixed number
//! of slots that accounts and addresses share by a keyed hash: nobody can fill it, and nobody can choose whom to share
//! with. A loopback address is a proxy or this machine, and has no slot.

use std::hash::{BuildHasher as _, DefaultHasher, Hash, Hasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dropins_host::services::UnixMillis;

/// Slots for accounts, and as many for addresses; 16 bytes each.
const SLOTS: usize = 1 << 14;
/// The longest wait. It also bounds how long somebody else's guesses can keep a person out.
const LONGEST: Duration = Duration::from_secs(300);
/// Failures are forgotten when nothing has failed for so long.
const FORGET: Duration = Duration::from_secs(900);
/// Failures of one account that cost nothing: people mistype.
const FREE_FOR_ACCOUNT: u32 = 5;
/// Failures of one address that cost nothing: an office has one address.
const FREE_FOR_ADDRESS: u32 = 30;

/// How long to wait before the next attempt, in whole seconds, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Seconds, at least one.
    pub seconds: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    failures: u32,
    last: UnixMillis,
}

impl Slot {
    /// When the next attempt is allowed; what is long ago is forgotten.
    fn open_at(&mut self, free: u32, now: UnixMillis) -> UnixMillis {
        if now.saturating_sub(self.last) > millis(FORGET) {
            self.failures = 0;
        }
        let Some(doublings) = self.failures.checked_sub(free) else { return 0 };
        let wait = Duration::from_secs(1 << doublings.min(16)).min(LONGEST);
        self.last.saturating_add(millis(wait))
    }

    fn fail(&mut self, now: UnixMillis) {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
    }
}

fn millis(duration: Duration) -> UnixMillis {
    UnixMillis::try_from(duration.as_millis()).unwrap_or(UnixMillis::MAX)
}

/// The memory of failed attempts.
pub struct SlowDown {
    /// Secret: who does not know it cannot tell which slots are shared.
    key: u64,
    slots: Mutex<Box<[Slot]>>,
}

/// An attempt that counts as failed until it is said to have succeeded.
#[must_use = "an attempt that is dropped has failed"]
pub struct Attempt {
    slow_down: Arc<SlowDown>,
    account: usize,
    address: Option<usize>,
}

impl SlowDown {
    /// No failure yet.
    pub fn new() -> Self {
        Self::keyed(RandomState::new().hash_one(()))
    }

    fn keyed(key: u64) -> Self {
        Self { key, slots: Mutex::new(vec![Slot::default(); 2 * SLOTS].into()) }
    }

    /// Begins an attempt at this account from this address.
    ///
    /// # Errors
    /// [`Wait`] when there were too many.
    pub fn begin(self: &Arc<Self>, account: &str, address: Option<IpAddr>, now: UnixMillis) -> Result<Attempt, Wait> {
        let account = self.slot(account);
        let address = address.and_then(network).map(|network| SLOTS + self.slot(network));
        let places = [Some((account, FREE_FOR_ACCOUNT)), address.map(|address| (address, FREE_FOR_ADDRESS))];
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let open_at = |(place, free)| slots.get_mut(place).map(|slot: &mut Slot| slot.open_at(free, now));
        let open_at = places.into_iter().flatten().filter_map(open_at).max().unwrap_or_default();
        if open_at > now {
            return Err(Wait { seconds: open_at.saturating_sub(now).div_ceil(1000) });
        }
        for (place, _) in places.into_iter().flatten() {
            if let Some(slot) = slots.get_mut(place) {
                slot.fail(now);
            }
        }
        Ok(Attempt { slow_down: Arc::clone(self), account, address })
    }

    fn slot(&self, key: impl Hash) -> usize {
        let mut hasher = DefaultHasher::new();
        (self.key, key).hash(&mut hasher);
        usize::try_from(hasher.finish()).unwrap_or_default() % SLOTS
    }
}

impl Default for SlowDown {
    fn default() -> Self {
        Self::new()
    }
}

impl Attempt {
    /// The password was right: the account is as if nothing had failed, the address as if it had not tried this once.
    /// Otherwise whoever has an account could try others for free.
    pub fn succeeded(self) {
        let mut slots = self.slow_down.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get_mut(self.account) {
            slot.failures = 0;
        }
        if let Some(slot) = self.address.and_then(|address| slots.get_mut(address)) {
            slot.failures = slot.failures.saturating_sub(1);
        }
    }
}

/// What counts as one address: an IPv4 address, or the network of 64 bits that an IPv6 host is given.
fn network(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(host) => Ipv6Addr::from_bits(host.to_bits() & !u128::from(u64::MAX)).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: &str = "192.0.2.1";

    fn attempt(slow_down: &Arc<SlowDown>, account: &str, address: &str, now: UnixMillis) -> Result<(), u64> {
        slow_down.begin(account, address.parse().ok(), now).map(drop).map_err(|wait| wait.seconds)
    }

    #[test]
    fn an_account_has_five_free_failures_and_then_waits_that_double() {
        let slow_down = Arc::new(SlowDown::keyed(0));
        for _ in 0..5 {
            assert_eq!(attempt(&slow_down, "a", OFFICE, 1_000), Ok(()));
        }
        let mut now = 1_000;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(attempt(&slow_down, "a", "192.0.2.9", now), Err(seconds), "from any address");
            now += seconds * 1000;
            assert_eq!(attempt(&slow_down, "a", "192.0.2.9", now - 1), Err(1));
            assert_eq!(attempt(&slow_down, "a", "192.0.2.9", now), Ok(()));
        }
        assert_eq!(attempt(&slow_down, "b", OFFICE, now), Ok(()), "another account is not affected");
    }

    #[test]
    fn parallel_attempts_gain_nothing() {
        let slow_down = Arc::new(SlowDown::keyed(0));
        let under_way: Vec<_> = (0..20).filter_map(|_| slow_down.begin("a", None, 0).ok()).collect();
        assert_eq!(under_way.len(), 5);
    }

    #[test]
    fn an_address_waits_whichever_accounts_it_tries() {
        let slow_down = Arc::new(SlowDown::keyed(0));
        for account in 0..30 {
            assert_eq!(attempt(&slow_down, &format!("user-{account}"), OFFICE, 0), Ok(()));
        }
        assert_eq!(attempt(&slow_down, "another", OFFICE, 0), Err(1));
        assert_eq!(attempt(&slow_down, "another", "192.0.2.2", 0), Ok(()));
    }

    #[test]
    fn a_success_forgives_the_account_and_one_attempt_of_the_address() {
        let slow_down = Arc::new(SlowDown::keyed(0));
        for _ in 0..4 {
            attempt(&slow_down, "a", OFFICE, 0).unwrap();
        }
        slow_down.begin("a", OFFICE.parse().ok(), 0).unwrap().succeeded();
        for _ in 0..5 {
            assert_eq!(attempt(&slow_down, "a", "192.0.2.2", 0), Ok(()));
        }
        for account in 0..26 {
            assert_eq!(attempt(&slow_down, &format!("user-{account}"), OFFICE, 0), Ok(()), "four have failed");
        }
        assert_eq!(attempt(&slow_down, "another", OFFICE, 0), Err(1));
    }

    #[test]
    fn failures_are_forgotten_after_a_while_and_not_before() {
        let slow_down = Arc::new(SlowDown::keyed(0));
        for _ in 0..6 {
            let _ = attempt(&slow_down, "a", OFFICE, 0);
        }
        assert_eq!(attempt(&slow_down, "a", OFFICE, 900_000), Ok(()));
        assert_eq!(attempt(&slow_down, "a", OFFICE, 900_000), Err(2), "it was remembered");
        assert_eq!(attempt(&slow_down, "a", OFFICE, 1_800_001), Ok(()));
        assert_eq!(attempt(&slow_down, "a", OFFICE, 1_800_001), Ok(()), "it was forgotten");
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_loopback_is_none() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!((of("127.0.0.1"), of("::1"), of("::ffff:127.0.0.1")), (None, None, None));
    }
}
