//! Which requests reach the console: over loopback or TLS, under a name of this server, from its own pages.
//!
//! A browser names the page behind a request (`Sec-Fetch-Site`, `Origin`) and the name under which it found the server
//! (`Host`): a page of another site, or one whose name leads here (DNS rebinding), is rejected before a session is looked
//! at. The token in each form is a lock of its own.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::desk::Desk;

/// Why a request is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rejection {
    /// A password would cross the network in clear text.
    Plain,
    /// The server is called by a name that is not its own.
    Host,
    /// A page of another site is behind it.
    Site,
}

impl Rejection {
    fn text(self) -> &'static str {
        match self {
            Self::Plain => {
                "the console is served over loopback or TLS: set tls = true in [transport.admin], or use a tunnel\n"
            }
            Self::Host => "the console is reached by localhost, a loopback address, or with TLS by server.hostname\n",
            Self::Site => "the console is not for pages of other sites\n",
        }
    }
}

/// Where the console is.
struct Place<'a> {
    loopback: bool,
    tls: bool,
    address: IpAddr,
    hostname: &'a str,
}

pub(crate) async fn check(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let live = desk.live();
    let address = desk.handles.address.ip();
    let place = Place {
        loopback: address.is_loopback(),
        tls: desk.handles.tls,
        address,
        hostname: &live.deployment.server.hostname,
    };
    let rejection = rejection(&place, request.method(), request.uri(), request.headers());
    let Some(rejection) = rejection else { return next.run(request).await };
    desk.handles.services.metrics.admin_rejected("console");
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (StatusCode::FORBIDDEN, headers, rejection.text()).into_response()
}

fn rejection(place: &Place<'_>, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Rejection> {
    if !place.loopback && !place.tls {
        return Some(Rejection::Plain);
    }
    let named = headers.get(header::HOST).map(|host| Authority::try_from(host.as_bytes()).ok());
    let named = uri.authority().cloned().map(Some).into_iter().chain(named).collect::<Option<Vec<_>>>();
    let Some(named) = named.filter(|named| !named.is_empty() && named.iter().all(|host| place.is_own(host.host())))
    else {
        return Some(Rejection::Host);
    };
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if site.is_some_and(|site| !matches!(site, b"none" | b"same-origin")) {
        return Some(Rejection::Site);
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let scheme = if place.tls { "https" } else { "http" };
    let is_own = |origin: &str| named.iter().any(|host| origin == format!("{scheme}://{}", host.as_str()));
    let posted_here = match headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
        // Some privacy settings withhold the origin.
        Some("null") => site == Some(b"same-origin"),
        Some(origin) => is_own(origin),
        None => false,
    };
    (!posted_here).then_some(Rejection::Site)
}

impl Place<'_> {
    fn is_own(&self, host: &str) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let loopback = host.eq_ignore_ascii_case("localhost") || address.as_ref().is_ok_and(IpAddr::is_loopback);
        loopback || (self.tls && (host.eq_ignore_ascii_case(self.hostname) || address == Ok(self.address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Place<'_> = Place {
        loopback: true,
        tls: false,
        address: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        hostname: "is.example",
    };

    fn judge(place: &Place<'_>, method: &Method, host: &str, headers: &[(&'static str, &str)]) -> Option<Rejection> {
        let mut map = HeaderMap::new();
        map.insert(header::HOST, host.parse().unwrap());
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        rejection(place, method, &Uri::from_static("/console/"), &map)
    }

    #[test]
    fn the_server_is_called_by_a_name_of_its_own() {
        let tls = Place { loopback: false, tls: true, address: "192.0.2.7".parse().unwrap(), ..LOCAL };
        for (host, local, remote) in [
            ("127.0.0.1:9444", true, true),
            ("localhost:9444", true, true),
            ("[::1]:9444", true, true),
            ("is.example:9444", false, true),
            ("192.0.2.7:9444", false, true),
            ("192.0.2.8:9444", false, false),
            ("evil.example:9444", false, false),
            ("localhost.evil.example", false, false),
        ] {
            assert_eq!(judge(&LOCAL, &Method::GET, host, &[]).is_none(), local, "{host} over loopback");
            assert_eq!(judge(&tls, &Method::GET, host, &[]).is_none(), remote, "{host} over TLS");
        }
        assert_eq!(rejection(&LOCAL, &Method::GET, &Uri::from_static("/"), &HeaderMap::new()), Some(Rejection::Host));
    }

    #[test]
    fn off_loopback_it_takes_tls() {
        let plain = Place { loopback: false, ..LOCAL };
        assert_eq!(judge(&plain, &Method::GET, "localhost", &[]), Some(Rejection::Plain));
    }

    #[test]
    fn only_its_own_pages_may_post() {
        let own = "http://127.0.0.1:9444";
        for (headers, allowed) in [
            (&[("origin", own)][..], true),
            (&[("origin", own), ("sec-fetch-site", "same-origin")], true),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], true),
            (&[], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("origin", "null")], false),
            (&[("origin", own), ("sec-fetch-site", "same-site")], false),
            (&[("origin", own), ("sec-fetch-site", "cross-site")], false),
            (&[("origin", "https://127.0.0.1:9444")], false),
            (&[("origin", "http://127.0.0.1:9443")], false),
            (&[("origin", "http://localhost:9444")], false),
            (&[("origin", "http://evil.example")], false),
        ] {
            let post = judge(&LOCAL, &Method::POST, "127.0.0.1:9444", headers);
            assert_eq!(post.is_none(), allowed, "{headers:?}");
        }
    }

    #[test]
    fn a_page_of_another_site_may_not_even_read() {
        for (site, allowed) in [("none", true), ("same-origin", true), ("same-site", false), ("cross-site", false)] {
            let read = judge(&LOCAL, &Method::GET, "localhost:9444", &[("sec-fetch-site", site)]);
            assert_eq!(read.is_none(), allowed, "{site}");
        }
    }
}
