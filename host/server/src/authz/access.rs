//! Who may ask: programs of this machine, or proxies with the token, from a listed network, as the file says.

use std::sync::Arc;

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dropins_config::Authz;
use subtle::ConstantTimeEq as _;

use crate::app::AuthenticationServices;

/// The header of the token. `Authorization` is the client's.
pub(super) const TOKEN_HEADER: &str = "x-dropins-token";

pub(super) async fn check(
    State(services): State<Arc<AuthenticationServices>>,
    mut request: Request,
    next: Next,
) -> Response {
    let live = services.published.current();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let reason = match &live.deployment.transport.authz {
        Some(authz) => rejection(authz, peer, request.headers()),
        None => Some("[transport.authz] is not enabled"),
    };
    if let Some(reason) = reason {
        tracing::warn!(address = peer.map(display), reason, "a proxy may not ask");
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    request.headers_mut().remove(TOKEN_HEADER);
    next.run(request).await
}

fn rejection(authz: &Authz, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<&'static str> {
    let listed =
        authz.allowed_networks.as_ref().is_none_or(|networks| peer.is_some_and(|peer| networks.holds(peer.ip())));
    if !listed {
        return Some("the address is in none of transport.authz.allowed_networks");
    }
    let token = authz.token.as_ref()?;
    let mut given = headers.get_all(TOKEN_HEADER).iter();
    let (first, further) = (given.next().map(|value| value.as_bytes()).unwrap_or_default(), given.next());
    let right = further.is_none() && bool::from(first.ct_eq(token.expose().as_bytes()));
    (!right).then_some("the header x-dropins-token does not have the value of transport.authz.token")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_config::{Environment, parse};

    fn authz(lines: &str) -> Authz {
        let text = format!("[transport.authz]\nenabled = true\n{lines}");
        parse(&text, &Environment::default()).unwrap().0.transport.authz.unwrap()
    }

    fn may_ask(authz: &Authz, peer: &str, tokens: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for token in tokens {
            headers.append(TOKEN_HEADER, token.parse().unwrap());
        }
        rejection(authz, Some(peer.parse().unwrap()), &headers).is_none()
    }

    #[test]
    fn a_proxy_has_the_token_and_comes_from_a_listed_network_where_the_file_says_so() {
        let open = authz("");
        assert!(may_ask(&open, "127.0.0.1:1", &[]));
        let by_token = authz("token = \"s3cret\"");
        assert!(may_ask(&by_token, "192.0.2.1:1", &["s3cret"]));
        for wrong in [&[][..], &["s3cre"], &["s3cret2"], &[""], &["s3cret", "s3cret"], &["x", "s3cret"]] {
            assert!(!may_ask(&by_token, "192.0.2.1:1", wrong), "{wrong:?}");
        }
        let by_network = authz("allowed_networks = [\"10.0.0.0/8\"]\ntoken = \"t\"");
        assert!(may_ask(&by_network, "10.1.2.3:1", &["t"]));
        assert!(!may_ask(&by_network, "192.0.2.1:1", &["t"]) && !may_ask(&by_network, "10.1.2.3:1", &[]));
    }
}
