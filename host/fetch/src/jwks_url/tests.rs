//! Which URLs are fetched.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::HostList;

fn settings() -> FetchSettings {
    FetchSettings {
        allow_http: HostList::parse(["plain.example", "127.0.0.1"]).unwrap(),
        allow_private: HostList::parse(["localhost", "127.0.0.1", "10.0.0.7", "fd00::7", "169.254.169.254"]).unwrap(),
        ..FetchSettings::default()
    }
}

fn fault(text: &str) -> Option<JwksUrlError> {
    JwksUrl::parse(text, &FetchSettings::default()).err()
}

#[test]
fn an_https_url_of_a_public_host_may_be_fetched() {
    for text in [
        "https://client.example/jwks.json",
        "HTTPS://Client.Example:8443/jwks?tenant=1",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/jwks",
        "https://bücher.example",
        "https://client.example./a@b",
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

#[test]
fn everything_else_is_rejected_with_its_reason() {
    use JwksUrlError::{Character, Fragment, Malformed, Plain, Reserved, Scheme, TooLong, UserInfo};
    for (text, expected) in [
        ("", Malformed),
        ("client.example/jwks", Malformed),
        ("/jwks", Malformed),
        ("https://", Malformed),
        ("https:client.example", Malformed),
        ("https://[::1", Malformed),
        ("https://256.1.1.1/", Malformed),
        ("https://1.2.3.4.5/", Malformed),
        ("https://[fe80::1%25eth0]/", Malformed),
        ("ftp://client.example/", Scheme),
        ("file:///etc/passwd", Scheme),
        ("data:application/json,{}", Scheme),
        ("http://client.example/jwks", Plain),
        ("https://user@client.example/", UserInfo),
        ("https://user:pw@client.example/", UserInfo),
        ("https://@client.example/", UserInfo),
        ("https://client.example#127.0.0.1", Fragment),
        ("https://client.example/#", Fragment),
        (" https://client.example/", Character),
        ("https://client.example\t/", Character),
        ("https://client.example\\@127.0.0.1/", Character),
        ("https://169.254.169.254/latest/meta-data", Reserved),
    ] {
        assert_eq!(fault(text), Some(expected), "{text}");
    }
    let long = format!("https://client.example/{}", "a".repeat(MAX_BYTES));
    assert_eq!(fault(&long), Some(TooLong(long.len())));
    assert_eq!(fault(&long[..MAX_BYTES]), None);
}

#[test]
fn a_private_host_is_recognised_in_every_notation() {
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "0177.0.0.1",
        "017700000001",
        "127.0x0.0.0x1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "10.1",
        "192.168.1.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fd12::1]",
        "localhost",
        "LOCALHOST.",
        "keys.localhost",
    ] {
        assert_eq!(fault(&format!("https://{host}/jwks")), Some(JwksUrlError::Private), "{host}");
    }
    for host in ["0", "0.0.0.0", "0xa9fea9fe", "2852039166", "[::]", "[::127.0.0.1]", "[fe80::1]", "[::ffff:a9fe:a9fe]"]
    {
        assert_eq!(fault(&format!("https://{host}/jwks")), Some(JwksUrlError::Reserved), "{host}");
    }
}

#[test]
fn a_listed_host_may_be_private_and_a_listed_host_may_be_plain() {
    let parse = |text| JwksUrl::parse(text, &settings());
    for text in [
        "https://localhost:8443/jwks",
        "http://127.0.0.1:8080/jwks",
        "https://0x7f.1/jwks",
        "https://10.0.0.7/jwks",
        "https://[fd00::7]/jwks",
        "http://plain.example/jwks",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
    assert_eq!(parse("https://10.0.0.8/"), Err(JwksUrlError::Private));
    assert_eq!(parse("http://localhost/"), Err(JwksUrlError::Plain), "may be private, not plain");
    assert_eq!(parse("https://169.254.169.254/"), Err(JwksUrlError::Reserved), "cannot be listed");
}

#[test]
fn the_source_names_no_query() {
    let url = JwksUrl::parse("https://Client.example:443/a/../jwks?key=secret", &settings()).unwrap();
    assert_eq!(url.source(), "jwks_uri:https://client.example/jwks");
    assert_eq!(url.as_str(), "https://client.example/jwks?key=secret");
}

/// The same address in one of the notations that URL readers take.
fn notations() -> impl Strategy<Value = String> {
    (any::<u32>(), 0..7_u8).prop_map(|(bits, form)| {
        let address = Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = address.octets();
        match form {
            0 => address.to_string(),
            1 => bits.to_string(),
            2 => format!("{bits:#x}"),
            3 => format!("0{bits:o}."),
            4 => format!("{a:#X}.0{b:o}.{}", u32::from(c) << 8 | u32::from(d)).to_lowercase(),
            5 => format!("[{}]", address.to_ipv6_mapped()),
            _ => format!("[64:ff9b::{address}]"),
        }
    })
}

/// What the standard library calls special: a second opinion on the table.
fn is_special(address: Ipv4Addr) -> bool {
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_unspecified()
        || address.is_multicast()
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(text in ".{0,80}", tail in "[a-z0-9.:@\\[\\]%/?#-]{0,60}") {
        let _ = JwksUrl::parse(&text, &settings());
        let _ = JwksUrl::parse(&format!("https://{tail}"), &settings());
    }

    #[test]
    fn no_special_address_passes_in_any_notation(host in notations()) {
        let url = Url::parse(&format!("https://{host}/")).unwrap();
        let address = match url.host().unwrap() {
            Host::Ipv4(address) => address,
            Host::Ipv6(address) => Ipv4Addr::from_bits(u32::try_from(address.to_bits() & 0xffff_ffff).unwrap()),
            Host::Domain(name) => panic!("{host} is read as the name {name}"),
        };
        if is_special(address) {
            prop_assert!(fault(url.as_str()).is_some(), "{}", host);
        }
    }

    #[test]
    fn private_addresses_are_rejected_in_every_notation(
        low in any::<u32>(), net in prop::sample::select(vec![(10_u8, 8_u8), (127, 8), (0, 8)]), form in 0..3_u8,
    ) {
        let bits = u32::from(net.0) << 24 | (low & 0x00ff_ffff);
        let host = match form {
            0 => bits.to_string(),
            1 => format!("{bits:#x}"),
            _ => format!("[{}]", Ipv4Addr::from_bits(bits).to_ipv6_mapped()),
        };
        prop_assert!(fault(&format!("https://{host}/")).is_some(), "{}", host);
    }

    #[test]
    fn an_ipv6_literal_outside_global_unicast_is_rejected(bits in any::<u128>()) {
        let address = Ipv6Addr::from_bits(bits);
        if address.segments()[0] & 0xe000 != 0x2000 {
            prop_assert!(fault(&format!("https://[{address}]/")).is_some(), "{}", address);
        }
    }
}
