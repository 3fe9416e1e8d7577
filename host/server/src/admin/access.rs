//! Who may use the admin endpoints: the home's user through the socket, and over TCP every caller with the token.
//!
//! Without a token, TCP answers `GET /metrics` and `GET /status` to programs of this machine, and rejects web pages: a
//! page of another site is known by its `Origin`, and a page whose name resolves to this machine (DNS rebinding) by
//! that name in `Host`. A request that names another home is rejected at every door, and one of a page of another site
//! (`Sec-Fetch-Site`) at every address. Rejections are counted, and logged once in ten seconds.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use dropins_config::home::HOME_HEADER;
use subtle::ConstantTimeEq as _;
use tracing::field::display;

use super::documents::ErrorDocument;
use super::state::{AdminState, Door};
use crate::json::json;

/// What TCP answers without a token, besides health and readiness.
const OPEN: [&str; 2] = ["/metrics", "/status"];

pub(super) async fn check(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    let Some((kind, status, message)) = rejection(&state, &request) else { return next.run(request).await };
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| display(peer.ip()));
    state.services.metrics.admin_rejected(kind);
    if state.rejected.is_due() {
        tracing::warn!(address, reason = kind, "a request to the admin listener was rejected");
    }
    let mut response = refused(status, message);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"dropins admin\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Why a request is rejected: the word of the metric, the status, and what the caller is told.
fn rejection(state: &AdminState, request: &Request) -> Option<(&'static str, StatusCode, &'static str)> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let is_of_another = |meant: &HeaderValue| meant.as_bytes() != state.home.id.as_str().as_bytes();
    if headers.get(HOME_HEADER).is_some_and(is_of_another) {
        return Some(("home", StatusCode::CONFLICT, "this address is served by another home"));
    }
    if state.door == Door::Socket {
        return None;
    }
    let page = "the admin endpoints are for programs, not for web pages of other sites; without transport.admin.token, \
                a Host is localhost or a loopback address";
    if is_of_another_site(headers) {
        return Some(("page", StatusCode::FORBIDDEN, page));
    }
    match &state.services.published.current().deployment.transport.admin.token {
        Some(token) => {
            let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
            let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
            let wrong = !bool::from(given.ct_eq(token.expose().as_bytes()));
            wrong.then_some(("token", StatusCode::UNAUTHORIZED, "the admin token is missing or wrong"))
        }
        None if is_of_a_page(uri, headers) => Some(("page", StatusCode::FORBIDDEN, page)),
        None if is_open(method, uri.path()) => None,
        None => Some((
            "closed",
            StatusCode::FORBIDDEN,
            "without transport.admin.token this address only answers GET /healthz, /readyz, /metrics and /status; \
             ask at the socket tmp/admin.sock of the home, or set a token",
        )),
    }
}

/// An answer that says why the request is rejected.
pub(super) fn refused(status: StatusCode, error: impl Into<String>) -> Response {
    json(status, &ErrorDocument { error: error.into() })
}

fn is_open(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && OPEN.contains(&path)
}

/// Whether a browser says that a page of another site is behind the request.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_some_and(|site| !matches!(site, b"none" | b"same-origin"))
}

/// Whether a page may be behind the request, as far as the browser tells.
fn is_of_a_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(header::HOST).iter().map(|host| Authority::try_from(host.as_bytes()).ok());
    let mut named = uri.authority().cloned().map(Some).into_iter().chain(hosts);
    headers.contains_key(header::ORIGIN) || !named.all(|host| host.is_some_and(|host| is_this_machine(host.host())))
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_the_pages_without_secrets_needs_no_token() {
        for (method, path, open) in [
            (Method::GET, "/metrics", true),
            (Method::GET, "/status", true),
            (Method::HEAD, "/status", true),
            (Method::POST, "/status", false),
            (Method::POST, "/reload", false),
            (Method::POST, "/rollback", false),
            (Method::GET, "/plugins/x/diff", false),
            (Method::GET, "/decisions/ABCDEFGH", false),
        ] {
            assert_eq!(is_open(&method, path), open, "{method} {path}");
        }
    }

    #[test]
    fn a_browser_that_names_another_site_is_believed() {
        for (site, other) in [("none", false), ("same-origin", false), ("same-site", true), ("cross-site", true)] {
            let headers = HeaderMap::from_iter([("sec-fetch-site".parse().unwrap(), site.parse().unwrap())]);
            assert_eq!(is_of_another_site(&headers), other, "{site}");
        }
        assert!(!is_of_another_site(&HeaderMap::new()));
    }

    #[test]
    fn a_page_is_known_by_its_origin_or_by_the_name_that_it_made_lead_here() {
        for (uri, host, origin, page) in [
            ("/reload", Some("127.0.0.1:9444"), None, false),
            ("/reload", Some("localhost:9444"), None, false),
            ("/reload", Some("LOCALHOST"), None, false),
            ("/reload", Some("[::1]:9444"), None, false),
            // HTTP/2 names the host in the URI, HTTP/1.0 nowhere.
            ("http://localhost:9444/reload", None, None, false),
            ("/reload", None, None, false),
            ("/reload", Some("127.0.0.1:9444"), Some("https://evil.example"), true),
            ("/reload", Some("127.0.0.1:9444"), Some("null"), true),
            ("/status", Some("127.0.0.1:9444"), Some("http://127.0.0.1:9444"), true),
            ("/status", Some("evil.example:9444"), None, true),
            ("/status", Some("localhost.evil.example"), None, true),
            ("/status", Some("127.0.0.1.evil.example:9444"), None, true),
            ("/status", Some("192.0.2.1:9444"), None, true),
            ("/status", Some(""), None, true),
            ("http://evil.example/status", Some("localhost"), None, true),
        ] {
            let mut headers = HeaderMap::new();
            host.map(|host| headers.insert(header::HOST, host.parse().unwrap()));
            origin.map(|origin| headers.insert(header::ORIGIN, origin.parse().unwrap()));
            assert_eq!(is_of_a_page(&uri.parse().unwrap(), &headers), page, "{uri} {host:?} {origin:?}");
        }
    }
}
