//! Where a request comes from: the connection, or what a trusted proxy says about it in `X-Forwarded-For`.
//!
//! Every proxy appends the address that it was connected from, so the list is read from its end: the last address that
//! is no trusted proxy's is the client's. What stands before it is the client's own word and is not looked at. From
//! everybody who is not listed the header is ignored.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

use dropins_config::TrustedProxies;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client that sends a request with these extensions and headers. Returns `None` if it came over no
/// network.
pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &TrustedProxies) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(client(peer.ip(), headers, proxies))
}

fn client(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let peer = peer.to_canonical();
    if !proxies.holds(peer) {
        return peer;
    }
    // Several lines are one list (RFC 9110 section 5.3).
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let listed = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    // The first that is no proxy's decides, readable or not: before it stands what anybody may have written.
    let decisive = listed.map(address).find(|address| address.is_none_or(|address| !proxies.holds(address)));
    decisive.flatten().filter(is_elsewhere).unwrap_or(peer)
}

/// An entry of the list: an address, perhaps with a port, IPv6 perhaps in brackets.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok();
    let bare = entry.parse::<IpAddr>().ok();
    let address = bare.or_else(|| with_port().map(|address| address.ip())).or_else(|| bracketed().map(IpAddr::from));
    address.map(|address| address.to_canonical())
}

/// Loopback is the proxy's own machine there, and would be taken for this one.
fn is_elsewhere(address: &IpAddr) -> bool {
    !address.is_loopback() && !address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn proxies() -> TrustedProxies {
        TrustedProxies::parse(["10.0.0.0/8", "fd00::/8", "127.0.0.1"]).unwrap()
    }

    fn headers(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> HeaderMap {
        let values = lines.into_iter().map(|line| HeaderValue::from_bytes(line.as_ref()).unwrap());
        values.map(|value| (axum::http::HeaderName::from_static(FORWARDED_FOR), value)).collect()
    }

    #[track_caller]
    fn found(peer: &str, lines: &[&str], expected: &str) {
        let client = client(peer.parse().unwrap(), &headers(lines), &proxies());
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }

    #[test]
    fn the_last_address_that_is_no_proxys_is_the_clients() {
        found("10.0.0.1", &["192.0.2.1"], "192.0.2.1");
        found("127.0.0.1", &["192.0.2.1"], "192.0.2.1");
        found("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1");
        found("10.0.0.1", &["198.51.100.9, 192.0.2.1 ,10.0.0.2, fd00::7"], "192.0.2.1");
        found("10.0.0.1", &["nonsense, 192.0.2.1"], "192.0.2.1");
        found("10.0.0.1", &["198.51.100.9", "192.0.2.1, 10.0.0.3", "10.0.0.2"], "192.0.2.1");
    }

    #[test]
    fn an_address_may_have_a_port_and_ipv6_brackets() {
        found("10.0.0.1", &["192.0.2.1:4711"], "192.0.2.1");
        found("10.0.0.1", &["2001:db8::1"], "2001:db8::1");
        found("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1");
        found("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1");
        found("10.0.0.1", &["[::ffff:192.0.2.1]:4711"], "192.0.2.1");
        found("10.0.0.1", &["192.0.2.1, [fd00::7]:80"], "192.0.2.1");
    }

    #[test]
    fn without_a_word_that_can_be_read_it_is_the_proxy_itself() {
        found("10.0.0.1", &[], "10.0.0.1");
        found("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.1");
        for unreadable in ["", ",", "unknown", "192.0.2.1:", "192.0.2.1:99999", "192.0.2.256", "[192.0.2.1]", "é"] {
            found("10.0.0.1", &[&format!("192.0.2.1, {unreadable}")], "10.0.0.1");
            found("10.0.0.1", &[&format!("192.0.2.1, {unreadable}, 10.0.0.2")], "10.0.0.1");
        }
        for here in ["::1", "127.0.0.2", "0.0.0.0", "[::]", "::ffff:127.0.0.2"] {
            found("10.0.0.1", &[here], "10.0.0.1");
        }
    }

    #[test]
    fn from_any_other_peer_the_header_is_ignored() {
        for peer in ["192.0.2.200", "11.0.0.1", "2001:db8::5", "127.0.0.2", "::1"] {
            found(peer, &["192.0.2.1"], peer);
        }
    }

    fn any_address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
    }

    /// What may stand in a header, with a liking for what lists of addresses are made of.
    fn any_line() -> impl Strategy<Value = Vec<u8>> {
        let byte =
            prop_oneof![proptest::sample::select(b"0123456789abcdef.,:[] \"\t".to_vec()), 0x20..=0x7e_u8, 0x80_u8..];
        let bytes = proptest::collection::vec(byte, 0..40);
        let addresses = proptest::collection::vec(any_address(), 0..4);
        let addresses = addresses.prop_map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        prop_oneof![bytes, addresses.prop_map(String::into_bytes)]
    }

    proptest! {
        #[test]
        fn a_peer_that_is_no_trusted_proxy_has_the_address_it_connects_from(
            peer in any_address(),
            lines in proptest::collection::vec(any_line(), 0..4),
        ) {
            let peer = peer.to_canonical();
            prop_assume!(!proxies().holds(peer));
            prop_assert_eq!(client(peer, &headers(lines), &proxies()), peer);
        }

        #[test]
        fn whatever_a_client_sends_through_proxies_it_is_where_it_connects_from(
            peer in any_address(),
            lines in proptest::collection::vec(any_line(), 0..4),
            proxied in 0..3_u8,
            in_a_line_of_its_own in any::<bool>(),
        ) {
            let peer = peer.to_canonical();
            prop_assume!(!proxies().holds(peer) && is_elsewhere(&peer));
            let mut lines = lines;
            let mut append = |address: String| match lines.last_mut() {
                Some(line) if !in_a_line_of_its_own => line.extend(format!(", {address}").bytes()),
                _ => lines.push(address.into_bytes()),
            };
            append(peer.to_string());
            (0..proxied).for_each(|number| append(format!("10.0.0.{number}")));
            prop_assert_eq!(client([10, 1, 2, 3].into(), &headers(lines), &proxies()), peer);
        }
    }
}
