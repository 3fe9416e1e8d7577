//! The `Host` of a request (RFC 9112 section 3.2): HTTP/1.1 needs it, and no request has two or one that names no host.

use axum::Router;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Version, header};

use super::answer;
use super::front::{Answer, ask_first};
use dropins_protocol::{OAuthError, reference};

/// The router behind the check of `Host`, for every listener.
pub fn checked(router: Router) -> Router {
    ask_first(router, check)
}

/// Answers 400 to a request that breaks the rule.
fn check(request: Request) -> Result<Request, Answer> {
    match fault(request.version(), request.headers()) {
        None => Ok(request),
        Some(fault) => {
            Err(Box::pin(async move { answer::respond(&OAuthError::invalid_request(fault), &reference(), false) }))
        }
    }
}

fn fault(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => Some("The header Host is missing"),
        (None, _) => None,
        (Some(_), Some(_)) => Some("The header Host is repeated"),
        // A request target without a host has an empty Host.
        (Some(host), None) if host.is_empty() => None,
        (Some(host), None) => {
            let authority = Authority::try_from(host.as_bytes()).ok();
            authority.is_none_or(|host| host.as_str().contains('@')).then_some("The header Host names no host")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(version: Version, hosts: &[&str]) -> Option<&'static str> {
        let headers = hosts.iter().map(|host| (header::HOST, host.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        fault(version, &map)
    }

    #[test]
    fn a_request_has_at_most_one_host_and_http_1_1_has_one() {
        assert_eq!(fault_of(Version::HTTP_11, &["localhost:9443"]), None);
        assert_eq!(fault_of(Version::HTTP_11, &["[::1]:9443"]), None);
        assert_eq!(fault_of(Version::HTTP_11, &[""]), None);
        assert!(fault_of(Version::HTTP_11, &[]).is_some());
        assert_eq!(fault_of(Version::HTTP_10, &[]), None, "HTTP/1.0 knows no Host");
        assert_eq!(fault_of(Version::HTTP_2, &[]), None, "HTTP/2 has :authority");
        for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
            assert!(fault_of(version, &["localhost", "localhost"]).is_some(), "{version:?}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_perhaps_with_a_port() {
        for bad in ["user@localhost", "a b", "a/b", "http://localhost"] {
            assert!(fault_of(Version::HTTP_11, &[bad]).is_some(), "{bad}");
        }
    }
}
