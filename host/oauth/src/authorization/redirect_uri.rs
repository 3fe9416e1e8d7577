//! Whether a redirect URI is a registered one.
//!
//! Strings are compared byte by byte (RFC 9700 section 4.1.3). The one exception is the port of a loopback address,
//! which a native application does not choose (RFC 8252 section 7.3); `localhost` is a name, and has no exception.

/// The origins whose port may differ, without the port.
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// Whether the requested URI is the registered one.
pub(super) fn matches(registered: &str, requested: &str) -> bool {
    registered == requested
        || match (without_loopback_port(registered), without_loopback_port(requested)) {
            (Some(registered), Some(requested)) => registered == requested,
            _ => false,
        }
}

/// The loopback address and what follows its port. Returns `None` for another address.
fn without_loopback_port(uri: &str) -> Option<(&'static str, &str)> {
    let (address, rest) = LOOPBACK.iter().find_map(|address| Some((*address, uri.strip_prefix(address)?)))?;
    let path = match rest.strip_prefix(':') {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (port, path) = rest.split_at_checked(digits)?;
            port.parse::<u16>().ok().filter(|port| *port != 0)?;
            path
        }
        None => rest,
    };
    // What follows the port must not be able to belong to the host: `http://127.0.0.1:80@evil.example/`.
    (path.is_empty() || path.starts_with(['/', '?'])).then_some((address, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_redirect_uri_is_compared_as_a_string() {
        let registered = "https://app.example/cb?x=1";
        assert!(matches(registered, registered));
        for other in [
            "https://app.example/cb",
            "https://app.example/cb?x=1&",
            "https://app.example/cb?x=2",
            "https://app.example/CB?x=1",
            "https://APP.example/cb?x=1",
            "https://app.example:443/cb?x=1",
            "https://app.example/%63b?x=1",
            "http://app.example/cb?x=1",
            "https://app.example/cb/../cb?x=1",
            "https://app.example.evil.example/cb?x=1",
            " https://app.example/cb?x=1",
            "",
        ] {
            assert!(!matches(registered, other), "{other}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        for (registered, requested, same) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", true),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1:49152/cb", true),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]:1/cb?a=b", "http://[::1]:65535/cb?a=b", true),
            ("http://127.0.0.1", "http://127.0.0.1:1", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb2", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false),
            ("http://127.0.0.1@evil.example/cb", "http://127.0.0.1:8@evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://[::1]/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:1/cb", false),
            ("https://127.0.0.1/cb", "https://127.0.0.1:1/cb", false),
            ("http://127.0.0.2/cb", "http://127.0.0.2:1/cb", false),
            ("http://localhost:8080/cb", "http://localhost:8081/cb", false),
            ("http://localhost:8080/cb", "http://localhost:8080/cb", true),
        ] {
            assert_eq!(matches(registered, requested), same, "{registered} {requested}");
        }
    }

    proptest! {
        #[test]
        fn any_port_of_a_loopback_address_matches_and_nothing_else_changes(
            port in 1..=u16::MAX, other in 1..=u16::MAX, path in "(/[ -~]{0,20})?", tail in "[ -~]{1,8}"
        ) {
            for address in LOOPBACK {
                let registered = format!("{address}:{port}{path}");
                let requested = format!("{address}:{other}{path}");
                prop_assert!(matches(&registered, &requested));
                let longer = format!("{requested}{tail}");
                // Digits may continue a port that has no path behind it.
                prop_assume!(!path.is_empty() || !tail.starts_with(|c: char| c.is_ascii_digit()));
                prop_assert!(!matches(&registered, &longer));
            }
        }

        #[test]
        fn what_matches_leads_to_the_same_host(port in "(:[0-9]{1,2})?", one in "[/@:1a]{0,3}", other in "[/@:1a]{0,3}") {
            for address in LOOPBACK {
                let registered = format!("{address}{port}{one}");
                let requested = format!("{address}:8{other}");
                let same = registered == requested || !matches(&registered, &requested);
                let url = url::Url::parse(&requested);
                prop_assert!(same || matches!(url.unwrap().host_str(), Some("127.0.0.1" | "[::1]")), "{}", requested);
            }
        }
    }
}
