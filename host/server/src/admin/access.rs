//! Who may use the admin endpoints: the home's user through the socket, and over TCP every caller with the token.
//!
//! Without a token, TCP answers `GET /metrics` and `GET /status` to programs of this machine, and rejects web pages: a
//! page of another site is known by its `Origin`, and a page whose name resolves to this machine (DNS rebinding) by
//! that name in `Host`. A request that names another home is rejected at every door.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use dropins_config::home::HOME_HEADER;
use serde_json::json;
use std::net::IpAddr;
use subtle::ConstantTimeEq as _;

use super::state::{AdminState, Door};

/// What TCP answers without a token, besides health and readiness.
const OPEN: [&str; 2] = ["/metrics", "/status"];

pub(super) async fn check(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    let live = state.services.published.current();
    let refused = |status, message: &str| crate::json::json(status, &json!({ "error": message }));
    if let Some(meant) = request.headers().get(HOME_HEADER)
        && meant.as_bytes() != state.home.id.as_str().as_bytes()
    {
        return refused(StatusCode::CONFLICT, "this address is served by another home");
    }
    match &live.deployment.transport.admin.token {
        _ if state.door == Door::Socket => {}
        Some(token) => {
            let given = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
            let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
            if !bool::from(given.ct_eq(token.expose().as_bytes())) {
                let mut refused = refused(StatusCode::UNAUTHORIZED, "the admin token is missing or wrong");
                let challenge = HeaderValue::from_static("Bearer realm=\"dropins admin\"");
                refused.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                return refused;
            }
        }
        None if is_of_a_page(request.uri(), request.headers()) => {
            return refused(
                StatusCode::FORBIDDEN,
                "without transport.admin.token the admin endpoints are for programs of this machine, not for web pages; \
                 a Host is localhost or a loopback address",
            );
        }
        None if !is_open(request.method(), request.uri().path()) => {
            return refused(
                StatusCode::FORBIDDEN,
                "without transport.admin.token this address only answers GET /healthz, /readyz, /metrics and /status; \
                 ask at the socket tmp/admin.sock of the home, or set a token",
            );
        }
        None => {}
    }
    next.run(request).await
}

fn is_open(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && OPEN.contains(&path)
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
