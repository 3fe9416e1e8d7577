//! Guessing passwords becomes slow: by account, from every address, and by address, for every account.
//!
//! An attempt counts as failed from its beginning, so that parallel attempts gain nothing; one that could not be
//! judged counts for nothing. The memory is a fixed number of slots that accounts and addresses share by a keyed hash: an
//! attacker can neither fill it nor choose whom to share with. A loopback address is this machine, or a proxy on it that is
//! not trusted to say whom it speaks for, and has no slot.

use std::hash::{BuildHasher as _, DefaultHasher, Hash, Hasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dropins_services::UnixMillis;

/// Slots for accounts, and as many for addresses; 16 bytes each.
const SLOTS: usize = 1 << 14;
/// The longest wait. It also bounds how long an attacker's guesses can lock a user out.
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

    /// Counts a failure and returns when the one before it was.
    fn fail(&mut self, now: UnixMillis) -> UnixMillis {
        self.failures = self.failures.saturating_add(1);
        std::mem::replace(&mut self.last, now)
    }

    /// Takes back a failure that began then, unless another one has come since: that one stays the last.
    fn take_back(&mut self, begun: UnixMillis, before: UnixMillis) {
        self.failures = self.failures.saturating_sub(1);
        if self.last == begun {
            self.last = before;
        }
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

/// An attempt that counts as failed until something else is said of it.
#[must_use = "an attempt that is dropped has failed"]
pub struct Attempt {
    slow_down: Arc<SlowDown>,
    begun: UnixMillis,
    account: Mark,
    address: Option<Mark>,
}

/// The failure that an attempt has left in a slot.
#[derive(Clone, Copy)]
struct Mark {
    place: usize,
    /// When the failure before it was.
    before: UnixMillis,
}

impl SlowDown {
    /// No failure yet.
    pub fn new() -> Self {
        Self::keyed(RandomState::new().hash_one(()))
    }

    fn keyed(key: u64) -> Self {
        Self { key, slots: Mutex::new(vec![Slot::default(); 2 * SLOTS].into()) }
    }

    /// Begins an attempt at this account, or at this account from one device, from this address.
    ///
    /// # Errors
    /// [`Wait`] when there were too many.
    pub fn begin(
        self: &Arc<Self>,
        account: impl Hash,
        address: Option<IpAddr>,
        now: UnixMillis,
    ) -> Result<Attempt, Wait> {
        let account = self.slot(account);
        let address = address.and_then(network).map(|network| SLOTS + self.slot(network));
        let places = [Some((account, FREE_FOR_ACCOUNT)), address.map(|address| (address, FREE_FOR_ADDRESS))];
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let open_at = |(place, free)| slots.get_mut(place).map(|slot: &mut Slot| slot.open_at(free, now));
        let open_at = places.into_iter().flatten().filter_map(open_at).max().unwrap_or_default();
        if open_at > now {
            return Err(Wait { seconds: open_at.saturating_sub(now).div_ceil(1000) });
        }
        let mut mark = |place: usize| {
            let before = slots.get_mut(place).map(|slot| slot.fail(now)).unwrap_or_default();
            Mark { place, before }
        };
        let (account, address) = (mark(account), address.map(mark));
        Ok(Attempt { slow_down: Arc::clone(self), begun: now, account, address })
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
    /// Otherwise a user could try other accounts for free.
    pub fn succeeded(self) {
        let mut slots = self.slow_down.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get_mut(self.account.place) {
            slot.failures = 0;
        }
        if let Some(slot) = self.address.and_then(|address| slots.get_mut(address.place)) {
            slot.failures = slot.failures.saturating_sub(1);
        }
    }

    /// Undoes an attempt whose password could not be judged.
    pub fn undecided(self) {
        let mut slots = self.slow_down.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for mark in [Some(self.account), self.address].into_iter().flatten() {
            if let Some(slot) = slots.get_mut(mark.place) {
                slot.take_back(self.begun, mark.before);
            }
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
mod tests;
