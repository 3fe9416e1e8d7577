//! Hosts that the operator lists, compared in their URL form.
//!
//! An entry is a host name or an address in any notation, without port or scheme. There are no wildcards: each
//! private host is named.

use std::net::Ipv6Addr;

use url::Host;

/// A list of hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostList(Vec<Host>);

/// An entry that is not a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` is not a host: write its name or address alone, without scheme, port and path")]
pub struct BadHost {
    /// The entry.
    pub entry: String,
}

impl HostList {
    /// Reads the entries.
    ///
    /// # Errors
    /// [`BadHost`] names the first entry that is no host.
    pub fn parse<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Result<Self, BadHost> {
        entries.into_iter().map(|entry| parse(entry.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the host is in the list.
    #[must_use]
    pub fn holds(&self, host: &Host<&str>) -> bool {
        let host = normal(host.to_owned());
        self.0.contains(&host)
    }

    pub(crate) fn holds_name(&self, name: &str) -> bool {
        self.holds(&Host::Domain(name))
    }
}

fn parse(entry: &str) -> Result<Host, BadHost> {
    let host = match entry.parse::<Ipv6Addr>() {
        Ok(address) => Ok(Host::Ipv6(address)),
        Err(_) => Host::parse(entry),
    };
    host.map(normal).map_err(|_| BadHost { entry: entry.to_owned() })
}

/// A name is the same with and without the dot of the root.
fn normal<S: AsRef<str>>(host: Host<S>) -> Host {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref();
            Host::Domain(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
        }
        Host::Ipv4(address) => Host::Ipv4(address),
        Host::Ipv6(address) => Host::Ipv6(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_however_it_is_spelt() {
        let list = HostList::parse(["Keys.Example.COM", "127.0.0.1", "::1", "bücher.example."]).unwrap();
        for host in ["keys.example.com", "KEYS.example.com.", "0x7f.1", "2130706433", "[::1]", "xn--bcher-kva.example"]
        {
            assert!(list.holds(&as_ref(&Host::parse(host).unwrap())), "{host}");
        }
        for host in ["example.com", "a.keys.example.com", "127.0.0.2", "[::2]", "[::ffff:127.0.0.1]"] {
            assert!(!list.holds(&as_ref(&Host::parse(host).unwrap())), "{host}");
        }
    }

    fn as_ref(host: &Host) -> Host<&str> {
        match host {
            Host::Domain(name) => Host::Domain(name),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        }
    }

    #[test]
    fn an_entry_that_is_more_than_a_host_is_rejected() {
        for entry in ["", "localhost:8080", "https://a", "a/b", "a b", "*.example.com/", "u@h", "[::1]:80"] {
            assert_eq!(HostList::parse(["a", entry]), Err(BadHost { entry: entry.to_owned() }), "{entry}");
        }
    }
}
