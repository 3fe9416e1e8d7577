//! Which addresses a JWKS URI may lead to.
//!
//! The table is that of the IANA special-purpose registries, plus multicast, everything outside the global unicast
//! space of IPv6, and the metadata services of clouds. An address that embeds another one counts as that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Whether an address may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// On the Internet: allowed.
    Public,
    /// On this machine or in its network: allowed for hosts that the operator lists.
    Private,
    /// Never an address of a key server: never allowed.
    Never,
}

use Reach::{Never, Private};

/// The first row that holds an address decides.
const V4: [(Ipv4Net, Reach); 20] = [
    // Metadata services of clouds that have addresses in otherwise private or public space.
    (v4([100, 100, 100, 200], 32), Never), // Alibaba Cloud
    (v4([168, 63, 129, 16], 32), Never),   // Azure platform
    // https://www.iana.org/assignments/iana-ipv4-special-registry
    (v4([0, 0, 0, 0], 8), Never),        // this network
    (v4([10, 0, 0, 0], 8), Private),     // private use
    (v4([100, 64, 0, 0], 10), Private),  // shared address space
    (v4([127, 0, 0, 0], 8), Private),    // loopback
    (v4([169, 254, 0, 0], 16), Never),   // link local, metadata services
    (v4([172, 16, 0, 0], 12), Private),  // private use
    (v4([192, 0, 0, 0], 24), Never),     // IETF protocol assignments
    (v4([192, 0, 2, 0], 24), Never),     // documentation
    (v4([192, 31, 196, 0], 24), Never),  // AS112
    (v4([192, 52, 193, 0], 24), Never),  // automatic multicast tunnelling
    (v4([192, 88, 99, 0], 24), Never),   // 6to4 relay
    (v4([192, 168, 0, 0], 16), Private), // private use
    (v4([192, 175, 48, 0], 24), Never),  // AS112
    (v4([198, 18, 0, 0], 15), Private),  // benchmarking, in use by service meshes
    (v4([198, 51, 100, 0], 24), Never),  // documentation
    (v4([203, 0, 113, 0], 24), Never),   // documentation
    (v4([224, 0, 0, 0], 4), Never),      // multicast
    (v4([240, 0, 0, 0], 4), Never),      // reserved, broadcast
];

/// The first row that holds an address decides.
const V6: [(Ipv6Net, Reach); 19] = [
    // Metadata services of clouds, inside the unique local space.
    (v6([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254], 128), Never), // AWS
    (v6([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254], 128), Never), // Google Cloud
    // https://www.iana.org/assignments/iana-ipv6-special-registry
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Never),             // unspecified
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Private),           // loopback
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Never),      // local translation
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), Never),          // discard only
    (v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), Never),          // dummy prefix
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Never),         // IETF protocol assignments, Teredo, ORCHID, ...
    (v6([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32), Never),    // documentation
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Never),         // 6to4
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), Never), // AS112
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Never),         // documentation
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Never),         // segment routing
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Private),        // unique local
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Never),         // link local
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Never),          // multicast
    // Global unicast is 2000::/3 (https://www.iana.org/assignments/ipv6-address-space); what follows is all the rest.
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 3), Never),
    (v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2), Never),
    (v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 1), Never),
];

/// Translation to IPv4 at the next gateway (RFC 6052 section 2.1).
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// Classifies an address.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => reach_v4(inner),
            None => first(&V6, |net| net.contains(&address)),
        },
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    first(&V4, |net| net.contains(&address))
}

/// The IPv4 address that packets go to: of `::ffff:0:0/96` and of `64:ff9b::/96`.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    address.to_ipv4_mapped().or_else(|| NAT64.contains(&address).then(|| Ipv4Addr::new(a, b, c, d)))
}

fn first<N>(table: &[(N, Reach)], holds: impl Fn(&N) -> bool) -> Reach {
    table.iter().find(|(net, _)| holds(net)).map_or(Reach::Public, |(_, reach)| *reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Reach {
        reach(text.parse().unwrap())
    }

    /// Each row: the address before it, its first and its last address, the address after it.
    #[test]
    fn every_row_of_the_table_holds_up_to_its_ends_and_no_further() {
        use Reach::Public;
        let rows = [
            (("100.100.100.199", Private), ("100.100.100.200", "100.100.100.200", Never), ("100.100.100.201", Private)),
            (("168.63.129.15", Public), ("168.63.129.16", "168.63.129.16", Never), ("168.63.129.17", Public)),
            (("0.0.0.0", Never), ("0.0.0.0", "0.255.255.255", Never), ("1.0.0.0", Public)),
            (("9.255.255.255", Public), ("10.0.0.0", "10.255.255.255", Private), ("11.0.0.0", Public)),
            (("100.63.255.255", Public), ("100.64.0.0", "100.127.255.255", Private), ("100.128.0.0", Public)),
            (("126.255.255.255", Public), ("127.0.0.0", "127.255.255.255", Private), ("128.0.0.0", Public)),
            (("169.253.255.255", Public), ("169.254.0.0", "169.254.255.255", Never), ("169.255.0.0", Public)),
            (("172.15.255.255", Public), ("172.16.0.0", "172.31.255.255", Private), ("172.32.0.0", Public)),
            (("191.255.255.255", Public), ("192.0.0.0", "192.0.0.255", Never), ("192.0.1.0", Public)),
            (("192.0.1.255", Public), ("192.0.2.0", "192.0.2.255", Never), ("192.0.3.0", Public)),
            (("192.31.195.255", Public), ("192.31.196.0", "192.31.196.255", Never), ("192.31.197.0", Public)),
            (("192.52.192.255", Public), ("192.52.193.0", "192.52.193.255", Never), ("192.52.194.0", Public)),
            (("192.88.98.255", Public), ("192.88.99.0", "192.88.99.255", Never), ("192.88.100.0", Public)),
            (("192.167.255.255", Public), ("192.168.0.0", "192.168.255.255", Private), ("192.169.0.0", Public)),
            (("192.175.47.255", Public), ("192.175.48.0", "192.175.48.255", Never), ("192.175.49.0", Public)),
            (("198.17.255.255", Public), ("198.18.0.0", "198.19.255.255", Private), ("198.20.0.0", Public)),
            (("198.51.99.255", Public), ("198.51.100.0", "198.51.100.255", Never), ("198.51.101.0", Public)),
            (("203.0.112.255", Public), ("203.0.113.0", "203.0.113.255", Never), ("203.0.114.0", Public)),
            (("223.255.255.255", Public), ("224.0.0.0", "239.255.255.255", Never), ("240.0.0.0", Never)),
            (("239.255.255.255", Never), ("240.0.0.0", "255.255.255.255", Never), ("255.255.255.255", Never)),
            (("fd00:ec2::253", Private), ("fd00:ec2::254", "fd00:ec2::254", Never), ("fd00:ec2::255", Private)),
            (("fd20:ce::253", Private), ("fd20:ce::254", "fd20:ce::254", Never), ("fd20:ce::255", Private)),
            (("::", Never), ("::", "::", Never), ("::1", Private)),
            (("::", Never), ("::1", "::1", Private), ("::2", Never)),
            (
                ("64:ff9b::1:0:0", Never),
                ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Never),
                ("64:ff9b:2::", Never),
            ),
            (("ff:ffff::", Never), ("100::", "100::ffff:ffff:ffff:ffff", Never), ("100:0:0:1::", Never)),
            (
                ("100::ffff:ffff:ffff:ffff", Never),
                ("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", Never),
                ("100:0:0:2::", Never),
            ),
            (("2000:ffff:ffff::", Public), ("2001::", "2001:1ff:ffff:ffff::", Never), ("2001:200::", Public)),
            (("2001:db7:ffff::", Public), ("2001:db8::", "2001:db8:ffff:ffff::", Never), ("2001:db9::", Public)),
            (("2001:ffff:ffff::", Public), ("2002::", "2002:ffff:ffff:ffff::", Never), ("2003::", Public)),
            (("2620:4f:7fff::", Public), ("2620:4f:8000::", "2620:4f:8000:ffff::", Never), ("2620:4f:8001::", Public)),
            (("3ffe:ffff:ffff::", Public), ("3fff::", "3fff:fff:ffff::", Never), ("3fff:1000::", Public)),
            (("5eff:ffff::", Never), ("5f00::", "5f00:ffff:ffff::", Never), ("5f01::", Never)),
            (("fbff:ffff::", Never), ("fc00::", "fdff:ffff:ffff::", Private), ("fe00::", Never)),
            (("fe7f:ffff::", Never), ("fe80::", "febf:ffff:ffff::", Never), ("fec0::", Never)),
            (("feff:ffff::", Never), ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never), ("ff02::1", Never)),
            (("::", Never), ("::2", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Never), ("2000::", Public)),
            (
                ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Public),
                ("4000::", "7fff:ffff:ffff::", Never),
                ("8000::", Never),
            ),
            (("7fff:ffff:ffff::", Never), ("8000::", "fbff:ffff:ffff::", Never), ("fc00::", Private)),
        ];
        assert_eq!(rows.len(), V4.len() + V6.len());
        for ((before, reach_before), (first, last, inside), (after, reach_after)) in rows {
            for (text, expected) in [(before, reach_before), (first, inside), (last, inside), (after, reach_after)] {
                assert_eq!(judged(text), expected, "{text} near {first}");
            }
        }
    }

    #[test]
    fn an_address_inside_another_one_is_what_counts() {
        for (text, expected) in [
            ("::ffff:127.0.0.1", Private),
            ("::ffff:169.254.169.254", Never),
            ("::ffff:8.8.8.8", Reach::Public),
            ("64:ff9b::10.0.0.1", Private),
            ("64:ff9b::169.254.169.254", Never),
            ("64:ff9b::8.8.8.8", Reach::Public),
            ("64:ff9b::1:808:808", Never),
            // Only these two forms are unpacked; the older ones are refused whatever they hold.
            ("::8.8.8.8", Never),
            ("2002:808:808::", Never),
            ("2001:0:808:808::", Never),
        ] {
            assert_eq!(judged(text), expected, "{text}");
        }
    }
}
