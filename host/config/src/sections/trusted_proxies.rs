//! `[transport] trusted_proxies`: whom the operator lets speak for others.
//!
//! An entry is an address or a network in CIDR notation. A list that contains every address is rejected: any client
//! could then forge its address.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;

const PATH: &str = "transport.trusted_proxies";

/// The proxies that may say which address a client has: the listed ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// An entry that names no proxies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadProxy {
    /// It cannot be read.
    #[error("`{0}` is neither an address nor a network")]
    Unreadable(String),
    /// It contains every address.
    #[error("`{0}` contains every address: a trusted proxy may say which address a request comes from")]
    Everybody(String),
}

impl TrustedProxies {
    /// Reads the entries.
    ///
    /// # Errors
    /// [`BadProxy`] names the first entry that cannot be one.
    pub fn parse<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Result<Self, BadProxy> {
        entries.into_iter().map(|entry| network(entry.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this address is a trusted proxy's.
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        Self::parse(settings.words(PATH)).unwrap_or_else(|bad| {
            let code = match bad {
                BadProxy::Unreadable(_) => Code::BadValue,
                BadProxy::Everybody(_) => Code::Insecure,
            };
            let problem = Problem::new(code, settings.span(PATH), PATH, bad.to_string());
            findings
                .problem(problem.help("write addresses or networks: [\"10.0.0.0/8\", \"fd00::/8\", \"127.0.0.1\"]"));
            Self::default()
        })
    }
}

/// A network of IPv4 addresses that are written as IPv6, as addresses are compared.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network.addr() {
        IpAddr::V6(address) => address.to_ipv4_mapped(),
        IpAddr::V4(_) => None,
    };
    let length = network.prefix_len().checked_sub(96);
    let narrowed = mapped.zip(length).and_then(|(address, length)| IpNet::new(address.into(), length).ok());
    narrowed.unwrap_or(network)
}

fn network(entry: &str) -> Result<IpNet, BadProxy> {
    let address = entry.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    match address.or_else(|_| entry.parse::<IpNet>().map(canonical)) {
        Ok(network) if network.prefix_len() == 0 => Err(BadProxy::Everybody(entry.to_owned())),
        Ok(network) => Ok(network),
        Err(_) => Err(BadProxy::Unreadable(entry.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, parse};

    #[test]
    fn a_mistake_is_shown_at_its_place_with_an_example() {
        for (entries, code, reason) in [
            ("[\"10.0.0.0/8\", \"proxy\"]", "bad-value", "`proxy` is neither an address nor a network"),
            ("\"0.0.0.0/0\"", "insecure", "`0.0.0.0/0` contains every address"),
            ("7", "bad-value", "an array of strings"),
        ] {
            let text = format!("[transport]\ntrusted_proxies = {entries}\n");
            let problems = parse(&text, &Environment::default()).unwrap_err();
            let shown = problems.render("deployment.toml", false);
            for part in ["deployment.toml:2:19", code, reason] {
                assert!(shown.contains(part), "`{part}` is missing in\n{shown}");
            }
            assert_eq!(shown.contains("[\"10.0.0.0/8\", \"fd00::/8\", \"127.0.0.1\"]"), entries != "7", "{shown}");
        }
        let (deployment, _) = parse("[transport]\ntrusted_proxies = \"10.0.0.1\"", &Environment::default()).unwrap();
        assert!(deployment.transport.trusted_proxies.holds([10, 0, 0, 1].into()));
    }

    #[test]
    fn an_entry_is_an_address_or_a_network() {
        let proxies =
            TrustedProxies::parse(["10.0.0.0/8", "fd00::/8", "192.0.2.7", "::ffff:192.0.2.8", "::ffff:172.16.0.0/108"])
                .unwrap();
        let holds = |text: &str| proxies.holds(text.parse().unwrap());
        for inside in
            ["10.0.0.0", "10.255.255.255", "fd00::1", "192.0.2.7", "192.0.2.8", "::ffff:10.0.0.1", "172.31.0.1"]
        {
            assert!(holds(inside), "{inside}");
        }
        for outside in
            ["11.0.0.0", "9.255.255.255", "fe00::1", "192.0.2.6", "172.32.0.1", "127.0.0.1", "::1", "::10.0.0.1"]
        {
            assert!(!holds(outside), "{outside}");
        }
        assert!(!TrustedProxies::default().holds([127, 0, 0, 1].into()), "no proxy is trusted by default");
    }

    #[test]
    fn what_is_no_network_or_holds_every_address_is_rejected() {
        for entry in ["", "10.0.0.0/33", "10.0.0/8", "proxy.example.com", "10.0.0.1:80", "fd00::/129", "10.0.0.0/"] {
            assert_eq!(TrustedProxies::parse([entry]), Err(BadProxy::Unreadable(entry.to_owned())));
        }
        for entry in ["0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"] {
            assert_eq!(TrustedProxies::parse([entry]), Err(BadProxy::Everybody(entry.to_owned())));
        }
    }
}
