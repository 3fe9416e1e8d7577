//! The resolver of the HTTP client: it returns only addresses that may be connected to.
//!
//! The client connects to what it got here and asks no second time, so a name that resolves differently a moment later
//! (DNS rebinding) gains nothing. The resolver is never called for addresses in URLs; [`super::jwks_url`] judges those.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::address::{Reach, reach};
use super::host_list::HostList;

/// Concurrent queries of the system's resolver. Each blocks a thread, which outlives a fetch that timed out.
const MAX_LOOKUPS: usize = 64;

/// Resolves names.
#[async_trait::async_trait]
pub(crate) trait Lookup: Send + Sync {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
pub(crate) struct SystemLookup(Arc<Semaphore>);

impl SystemLookup {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LOOKUPS)))
    }
}

#[async_trait::async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let _until_answered = permit;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        });
        found.await.map_err(io::Error::other)?
    }
}

/// Why a name cannot be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GuardError {
    #[error("the name leads to no address that may be connected to")]
    Refused,
    #[error("the name has no address")]
    Unresolved,
}

/// Resolves and filters.
#[derive(Clone)]
pub(crate) struct AddressGuard {
    lookup: Arc<dyn Lookup>,
    allow_private: Arc<HostList>,
}

impl AddressGuard {
    pub(crate) fn new(lookup: Arc<dyn Lookup>, allow_private: HostList) -> Self {
        Self { lookup, allow_private: Arc::new(allow_private) }
    }

    async fn allowed(&self, name: &str) -> Result<Vec<IpAddr>, GuardError> {
        let mut addresses = self.lookup.addresses(name).await.map_err(|_| GuardError::Unresolved)?;
        if addresses.is_empty() {
            return Err(GuardError::Unresolved);
        }
        let listed = self.allow_private.holds_name(name);
        addresses.retain(|address| match reach(*address) {
            Reach::Public => true,
            Reach::Private => listed,
            Reach::Never => false,
        });
        if addresses.is_empty() { Err(GuardError::Refused) } else { Ok(addresses) }
    }
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.allowed(name.as_str()).await?;
            // The HTTP client fills in the port of the URL.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Names;

    fn guard(names: &Arc<Names>) -> AddressGuard {
        AddressGuard::new(Arc::clone(names) as _, HostList::parse(["inside.example"]).unwrap())
    }

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn only_public_addresses_are_returned() {
        let names = Names::new();
        names.set("mixed.example", &["10.0.0.1", "93.184.216.34", "::1", "2606:4700::1111", "169.254.169.254"]);
        names.set("private.example", &["127.0.0.1", "fd00::1"]);
        names.set("empty.example", &[]);
        let guard = guard(&names);
        assert_eq!(guard.allowed("mixed.example").await, Ok(ips(&["93.184.216.34", "2606:4700::1111"])));
        assert_eq!(guard.allowed("private.example").await, Err(GuardError::Refused));
        assert_eq!(guard.allowed("empty.example").await, Err(GuardError::Unresolved));
        assert_eq!(guard.allowed("unknown.example").await, Err(GuardError::Unresolved));
    }

    #[tokio::test]
    async fn a_listed_name_may_be_private_but_not_the_metadata_service() {
        let names = Names::new();
        names.set("inside.example", &["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fd00:ec2::254"]);
        assert_eq!(guard(&names).allowed("inside.example").await, Ok(ips(&["10.0.0.1", "::ffff:127.0.0.1"])));
        names.set("inside.example", &["169.254.169.254"]);
        assert_eq!(guard(&names).allowed("inside.example").await, Err(GuardError::Refused));
    }

    #[tokio::test]
    async fn a_name_that_turns_private_is_rejected_from_then_on() {
        let names = Names::new();
        names.set("rebinding.example", &["93.184.216.34"]);
        let guard = guard(&names);
        assert_eq!(guard.allowed("rebinding.example").await, Ok(ips(&["93.184.216.34"])));
        names.set("rebinding.example", &["127.0.0.1"]);
        assert_eq!(guard.allowed("rebinding.example").await, Err(GuardError::Refused));
    }

    #[tokio::test]
    async fn the_system_knows_its_own_name() {
        let found = SystemLookup::new().addresses("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    }
}
