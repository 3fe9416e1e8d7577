//! The requests of each address lately: an address that sends more than its share waits.
//!
//! The addresses of an IPv6 network count as one. The memory is bounded: when it is full of addresses that are active, the
//! others share one limit.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use dropins_config::Rate;

/// Addresses that are told apart; at most 100 bytes each.
const MAX_ADDRESSES: usize = 100_000;

type Limiter<C> = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The requests of each address lately, under the rate that is live.
pub struct RateLimits<C: Clock = MonotonicClock> {
    clock: C,
    current: ArcSwapOption<Current<C>>,
}

struct Current<C: Clock> {
    rate: Rate,
    limiter: Limiter<C>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { clock: MonotonicClock, current: ArcSwapOption::empty() }
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    /// Counts a request of this address.
    ///
    /// # Errors
    /// After how many seconds the next one is answered.
    pub fn check(&self, rate: Rate, address: IpAddr) -> Result<(), u64> {
        let current = self.of(rate);
        let mut key = network(address);
        if current.limiter.len() >= MAX_ADDRESSES {
            current.limiter.retain_recent();
            if current.limiter.len() >= MAX_ADDRESSES {
                key = Ipv6Addr::UNSPECIFIED.into();
            }
        }
        current.limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
        })
    }

    /// The limiter of this rate; a changed rate begins anew.
    fn of(&self, rate: Rate) -> Arc<Current<C>> {
        if let Some(current) = self.current.load_full().filter(|current| current.rate == rate) {
            return current;
        }
        let limiter = RateLimiter::new(quota(rate), HashMapStateStore::default(), self.clock.clone());
        let new = Arc::new(Current { rate, limiter });
        self.current.store(Some(Arc::clone(&new)));
        new
    }
}

/// A burst of the requests of one period, refilled evenly.
fn quota(rate: Rate) -> Quota {
    let interval = rate.period / rate.requests.get();
    Quota::with_period(interval).unwrap_or(Quota::per_second(rate.requests)).allow_burst(rate.requests)
}

/// A whole IPv6 network is at one customer's disposal (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limits() -> (RateLimits<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (RateLimits { clock: clock.clone(), current: ArcSwapOption::empty() }, clock)
    }

    fn rate(text: &str) -> Rate {
        Rate::parse(text).unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_no_more_and_others_are_not_touched() {
        let (limits, clock) = limits();
        let check = |from: &str| limits.check(rate("3/s"), address(from));
        assert_eq!([(); 4].map(|()| check("192.0.2.1")), [Ok(()), Ok(()), Ok(()), Err(1)]);
        assert_eq!(check("192.0.2.2"), Ok(()));
        clock.advance(Duration::from_millis(334));
        assert_eq!([(); 2].map(|()| check("192.0.2.1")), [Ok(()), Err(1)]);
        clock.advance(Duration::from_secs(1));
        assert_eq!([(); 4].map(|()| check("192.0.2.1")), [Ok(()), Ok(()), Ok(()), Err(1)]);
    }

    #[test]
    fn a_slow_rate_says_how_long_to_wait() {
        let (limits, _) = limits();
        assert_eq!([(); 2].map(|()| limits.check(rate("1/m"), address("192.0.2.1"))), [Ok(()), Err(60)]);
    }

    #[test]
    fn a_network_of_ipv6_is_one_and_a_mapped_address_is_its_ipv4_address() {
        let (limits, _) = limits();
        let check = |from: &str| limits.check(rate("1/s"), address(from)).is_ok();
        assert!(check("2001:db8:0:1::1") && !check("2001:db8:0:1:ffff::2") && check("2001:db8:0:2::1"));
        assert!(check("192.0.2.1") && !check("::ffff:192.0.2.1"));
    }

    #[test]
    fn a_changed_rate_holds_at_once() {
        let (limits, _) = limits();
        let check = |text: &str| limits.check(rate(text), address("192.0.2.1")).is_ok();
        assert!(check("1/s") && !check("1/s") && check("2/s") && check("2/s") && !check("2/s"));
    }

    #[test]
    fn the_memory_is_bounded_and_silent_addresses_are_forgotten() {
        let (limits, clock) = limits();
        let check = |number: u32| limits.check(rate("1/s"), IpAddr::V4(number.into()));
        let most = u32::try_from(MAX_ADDRESSES).unwrap();
        (0..most).for_each(|number| check(number).unwrap());
        assert_eq!((check(most), check(most + 1)), (Ok(()), Err(1)), "further addresses share one limit");
        assert_eq!(check(0), Err(1));
        clock.advance(Duration::from_secs(2));
        assert_eq!((check(most + 2), check(most + 3)), (Ok(()), Ok(())));
        assert!(limits.of(rate("1/s")).limiter.len() <= 3);
    }
}
