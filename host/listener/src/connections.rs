//! The open connections of a listener, or of several together.
//!
//! A connection over the bound, or over the share of its address, is closed at once: one that waited would hold a file
//! descriptor. Trusted proxies speak for many clients and have no share. What is reached is logged once, until it has
//! eased.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;

use super::activity::Activity;

/// File descriptors that are not for clients: the admin listener, stores, keystores, JWKS fetches.
const RESERVE: usize = 256;
/// Connections of the public listeners where the process may open enough files.
const MOST: usize = 10_000;
/// Connections of one address.
const SHARE: usize = 1_000;
/// Connections of the admin listener.
const ADMIN: usize = 64;

/// How many connections there may be, and how long one may do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections.
    pub total: usize,
    /// Connections of one address: an IPv4 address, or an IPv6 network of 64 bits.
    pub per_address: usize,
    /// How long a connection may have no request.
    pub idle: Duration,
    /// How long a client may leave an answer unread.
    pub unread: Duration,
}

impl Limits {
    /// Of the public listeners, in a process that may have this many file descriptors.
    pub fn of_public(descriptors: usize) -> Self {
        let total = descriptors.saturating_sub(RESERVE).clamp(16, MOST);
        Self { total, per_address: SHARE.min(total / 2), ..Self::of_admin() }
    }

    /// Of the admin listener.
    pub fn of_admin() -> Self {
        let (idle, unread) = (Duration::from_secs(60), Duration::from_secs(30));
        Self { total: ADMIN, per_address: ADMIN, idle, unread }
    }
}

/// The open connections.
pub struct Connections {
    limits: Limits,
    gauge: Gauge,
    has_no_share: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: usize,
    /// Whether the log says that the bound is reached.
    full: bool,
    by_address: HashMap<IpAddr, Share>,
}

#[derive(Default)]
struct Share {
    connections: usize,
    /// Whether the log says that the share is reached.
    full: bool,
}

/// Why a connection is closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejected {
    /// The bound is reached.
    #[error("there are too many connections")]
    Full,
    /// The address has its share already.
    #[error("the address has too many connections")]
    Share,
}

impl Connections {
    /// None yet. The gauge follows their number; addresses of trusted proxies have no share.
    pub fn new(limits: Limits, gauge: Gauge, is_proxy: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { limits, gauge, has_no_share: Box::new(is_proxy), open: Mutex::default() })
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Admits a connection from this address.
    ///
    /// # Errors
    /// [`Rejected`]: it is to be closed.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Lease, Rejected> {
        let address = Some(peer.to_canonical()).filter(|peer| !(self.has_no_share)(*peer)).map(network);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.limits.total {
            if !std::mem::replace(&mut open.full, true) {
                let most = self.limits.total;
                tracing::warn!(most, "the most connections are open; further ones are closed at once");
            }
            return Err(Rejected::Full);
        }
        if let Some(address) = address {
            let share = open.by_address.entry(address).or_default();
            if share.connections >= self.limits.per_address {
                if !std::mem::replace(&mut share.full, true) {
                    let most = self.limits.per_address;
                    tracing::warn!(%address, most, "an address has the most connections; further ones are closed at once");
                }
                return Err(Rejected::Share);
            }
            share.connections += 1;
        }
        open.total += 1;
        self.gauge.inc();
        Ok(Lease { connections: Arc::clone(self), address, activity: Arc::default() })
    }

    fn release(&self, address: Option<IpAddr>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if open.total < self.limits.total / 10 * 9 {
            open.full = false;
        }
        if let Some(address) = address
            && let Some(share) = open.by_address.get_mut(&address)
        {
            share.connections = share.connections.saturating_sub(1);
            if share.connections < self.limits.per_address / 10 * 9 {
                share.full = false;
            }
            if share.connections == 0 {
                open.by_address.remove(&address);
            }
        }
        self.gauge.dec();
    }
}

/// An admitted connection; it counts until this is dropped.
pub(super) struct Lease {
    connections: Arc<Connections>,
    address: Option<IpAddr>,
    /// What the connection does.
    pub(super) activity: Arc<Activity>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.connections.release(self.address);
    }
}

/// What has one share: an IPv4 address, or the network of 64 bits that an IPv6 host has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(host) => Ipv6Addr::from_bits(host.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(total: usize, per_address: usize) -> (Arc<Connections>, Gauge) {
        let (gauge, limits) = (Gauge::default(), Limits { total, per_address, ..Limits::of_admin() });
        let proxy = IpAddr::from([10, 0, 0, 1]);
        (Connections::new(limits, gauge.clone(), move |peer| peer == proxy), gauge)
    }

    fn admit(connections: &Arc<Connections>, peer: &str) -> Result<Lease, Rejected> {
        connections.admit(peer.parse().unwrap())
    }

    #[test]
    fn an_address_has_its_share_and_others_have_theirs() {
        let (connections, gauge) = connections(10, 2);
        let first = admit(&connections, "192.0.2.1").unwrap();
        let _second = admit(&connections, "::ffff:192.0.2.1").unwrap();
        assert_eq!(admit(&connections, "192.0.2.1").err(), Some(Rejected::Share));
        let _other = admit(&connections, "192.0.2.2").unwrap();
        assert_eq!(gauge.get(), 3);
        drop(first);
        assert_eq!(gauge.get(), 2);
        let _again = admit(&connections, "192.0.2.1").unwrap();
    }

    #[test]
    fn the_hosts_of_an_ipv6_network_share() {
        let (connections, _) = connections(10, 1);
        let _first = admit(&connections, "2001:db8::1").unwrap();
        assert_eq!(admit(&connections, "2001:db8::2").err(), Some(Rejected::Share));
        let _other = admit(&connections, "2001:db8:0:1::1").unwrap();
    }

    #[test]
    fn a_trusted_proxy_has_no_share_and_keeps_to_the_bound() {
        let (connections, gauge) = connections(3, 1);
        let leases: Vec<_> = (0..3).map(|_| admit(&connections, "10.0.0.1").unwrap()).collect();
        assert_eq!(admit(&connections, "10.0.0.1").err(), Some(Rejected::Full));
        assert_eq!(admit(&connections, "192.0.2.1").err(), Some(Rejected::Full));
        drop(leases);
        assert_eq!(gauge.get(), 0);
        let _free = admit(&connections, "192.0.2.1").unwrap();
    }

    #[test]
    fn what_is_closed_leaves_nothing_behind() {
        let (connections, _) = connections(10, 2);
        drop((admit(&connections, "192.0.2.1"), admit(&connections, "192.0.2.2")));
        let open = connections.open.lock().unwrap();
        assert!(open.total == 0 && open.by_address.is_empty());
    }

    #[test]
    fn the_bound_leaves_descriptors_for_the_rest_of_the_server() {
        let bounds = |descriptors| {
            let limits = Limits::of_public(descriptors);
            (limits.total, limits.per_address)
        };
        assert_eq!(bounds(1 << 20), (10_000, 1_000));
        assert_eq!(bounds(1_024), (768, 384));
        assert_eq!(bounds(0), (16, 8));
    }
}
