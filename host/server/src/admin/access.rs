//! Who may use the admin endpoints: with a token, whoever has it; without one, every program of this machine.
//!
//! Browsers are such programs, and act for whichever page asks them to. A page of another site is known by the `Origin`
//! of its posts, and one that had its own name lead here (DNS rebinding) by that name in `Host`; both are refused.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;
use std::net::IpAddr;
use subtle::ConstantTimeEq as _;

use super::state::AdminState;

pub(super) async fn check(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    let live = state.services.published.current();
    let refused = |status, message: &str| crate::json::json(status, &json!({ "error": message }));
    match &live.deployment.transport.admin.token {
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
        None => {}
    }
    next.run(request).await
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
