//! The headers of a request on its way to an upstream (RFC 9110 section 7.6, RFC 7239).
//!
//! What an upstream believes of a proxy is removed before ours is set, however it is spelled: some servers read `_` in a
//! name as `-`. Headers of one connection, and those that `Connection` names, stay behind. The rest passes in its order.

use std::net::IpAddr;

use dropins_config::Issuer;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers of one connection (RFC 9110 section 7.6.1), and those that the next connection makes anew.
const OF_THE_CONNECTION: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];

/// What only a proxy may say, beside the configured header.
const OF_A_PROXY: [&str; 3] = ["forwarded", "x-forwarded", "x-real-ip"];

/// The same by the beginning of the name. Proxies that end mutual TLS write `SSL-Client-…` as well as `X-SSL-…`.
const OF_A_PROXY_FAMILIES: [&str; 5] = ["client-cert", "ssl-client", "x-dropins-", "x-forwarded-", "x-ssl-"];

/// How a request came here.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// The issuer that it called.
    pub issuer: &'a Issuer,
}

/// The headers that pass, with ours. `identity` are the headers by which upstreams learn who a client is.
pub fn onward(headers: &HeaderMap, identity: &[HeaderName], arrival: &Arrival<'_>) -> HeaderMap {
    let listed = connection_options(headers);
    let stays = |name: &HeaderName| {
        let plain = name.as_str().replace('_', "-");
        of_the_connection(&plain)
            || listed.iter().any(|option| option.eq_ignore_ascii_case(name.as_str()))
            || OF_A_PROXY.contains(&plain.as_str())
            || OF_A_PROXY_FAMILIES.iter().any(|family| plain.starts_with(family))
            || identity.iter().any(|header| header.as_str().replace('_', "-") == plain)
    };
    let mut onward = HeaderMap::with_capacity(headers.len() + 4);
    for name in headers.keys().filter(|name| !stays(name)) {
        for value in headers.get_all(name) {
            onward.append(name, value.clone());
        }
    }
    set_forwarded(&mut onward, arrival);
    onward
}

/// The headers that `Connection` names.
pub(crate) fn connection_options(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|option| option.trim().to_owned()).collect()
}

pub(crate) fn of_the_connection(name: &str) -> bool {
    OF_THE_CONNECTION.contains(&name) || name == "upgrade"
}

fn set_forwarded(headers: &mut HeaderMap, arrival: &Arrival<'_>) {
    let (host, scheme) = (arrival.issuer.authority(), arrival.issuer.scheme());
    let by = arrival.address.map(|address| match address {
        IpAddr::V4(address) => (address.to_string(), format!("for={address};")),
        IpAddr::V6(address) => (address.to_string(), format!("for=\"[{address}]\";")),
    });
    let forwarded = format!("{}host=\"{host}\";proto={scheme}", by.as_ref().map_or("", |(_, element)| element));
    let ours = [
        ("forwarded", Some(forwarded)),
        ("x-forwarded-for", by.map(|(address, _)| address)),
        ("x-forwarded-host", Some(host.to_owned())),
        ("x-forwarded-proto", Some(scheme.to_owned())),
    ];
    for (name, value) in ours {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::upstream::tests::issuer;

    fn passed(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let issuer = issuer("https://as.example.com:8443");
        let arrival = Arrival { address: Some([192, 0, 2, 1].into()), issuer: &issuer };
        onward(&headers, &[HeaderName::from_static("x-client-id")], &arrival)
    }

    fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_a_client_says_in_the_name_of_a_proxy_is_removed_before_ours_is_set() {
        let ours = [
            ("forwarded", "for=192.0.2.1;host=\"as.example.com:8443\";proto=https"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "as.example.com:8443"),
            ("x-forwarded-proto", "https"),
        ];
        for forged in [
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-port",
            "x-forwarded-user",
            "x-forwarded-client-cert",
            "x-forwarded",
            "x-real-ip",
            "client-cert",
            "client-cert-chain",
            "client-certificate",
            "x-ssl-cert",
            "x-ssl-client-s-dn",
            "ssl-client-cert",
            "x-dropins-client-id",
            "x-dropins-anything",
            "x-client-id",
            "X-Client-ID",
            "x_client_id",
            "x_forwarded_for",
            "x-forwarded_for",
            "client_cert",
            "x_ssl_cert",
            "x_dropins_client_id",
            "x_real_ip",
        ] {
            let headers = passed(&[(forged, "forged"), (forged, "twice")]);
            assert_eq!(headers.len(), ours.len(), "{forged}: {headers:?}");
            for (name, value) in ours {
                assert_eq!(values(&headers, name), [value], "{forged}");
            }
        }
    }

    #[test]
    fn headers_of_the_connection_and_those_that_it_names_stay_behind() {
        let headers = passed(&[
            ("connection", "close, x-named"),
            ("connection", "X-Also-Named"),
            ("x-named", "1"),
            ("x-also-named", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic x"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("expect", "100-continue"),
            ("host", "evil.example"),
            ("content-length", "7"),
        ]);
        assert_eq!(headers.len(), 4, "{headers:?}");
    }

    #[test]
    fn a_client_cannot_have_our_headers_removed() {
        let headers = passed(&[("connection", "x-forwarded-for, forwarded, x-forwarded-proto, authorization")]);
        assert_eq!(values(&headers, "x-forwarded-for"), ["192.0.2.1"]);
        assert_eq!(values(&headers, "x-forwarded-proto"), ["https"]);
    }

    #[test]
    fn everything_else_passes_unchanged() {
        let lines = [
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("tracestate", "a=b"),
            ("cookie", "a=1"),
            ("accept", "application/json"),
            ("accept", "text/html"),
            ("x-custom", "  value  "),
            ("dpop", "eyJ"),
            ("user-agent", "curl"),
        ];
        let headers = passed(&lines);
        assert_eq!(headers.len(), lines.len() + 4);
        assert_eq!(values(&headers, "accept"), ["application/json", "text/html"]);
        assert_eq!(values(&headers, "traceparent"), [lines[0].1]);
    }

    #[test]
    fn an_ipv6_address_is_written_as_rfc_7239_says() {
        let issuer = issuer("https://as.example.com");
        let arrival = Arrival { address: Some("2001:db8::1".parse().unwrap()), issuer: &issuer };
        let headers = onward(&HeaderMap::new(), &[], &arrival);
        assert_eq!(values(&headers, "forwarded"), ["for=\"[2001:db8::1]\";host=\"as.example.com\";proto=https"]);
        assert_eq!(values(&headers, "x-forwarded-for"), ["2001:db8::1"]);
    }

    proptest! {
        #[test]
        fn no_spelling_of_a_name_passes_for_ours(
            name in "[xX]?[-_]?(forwarded|Forwarded|ssl|dropins)[-_](for|ip|proto|client[-_]id|cert)",
            value in "[ -~]{0,20}",
        ) {
            let plain = name.to_ascii_lowercase().replace('_', "-");
            prop_assume!(plain.starts_with("x-"));
            let headers = passed(&[(&name, value.as_str())]);
            for (name, value) in &headers {
                let ours = ["192.0.2.1", "as.example.com:8443", "https"].contains(&value.to_str().unwrap());
                prop_assert!(ours || name == "forwarded", "{name:?}: {value:?}");
            }
        }
    }
}
