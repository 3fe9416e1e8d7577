//! Traefik's forwardAuth: method and target of the client's request are in headers that Traefik sets itself, the body
//! comes with `forwardBody`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use super::asked::Asked;
use super::judge::judge;
use super::proxy::Proxy;
use crate::app::AuthenticationServices;

const METHOD: &str = "x-forwarded-method";
const TARGET: &str = "x-forwarded-uri";

pub(super) async fn endpoint(State(services): State<Arc<AuthenticationServices>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked {
        proxy: Proxy::Traefik,
        method: only(&parts.headers, METHOD).and_then(|method| Method::from_bytes(method).ok()),
        target: only(&parts.headers, TARGET).and_then(|target| PathAndQuery::try_from(target).ok()),
        headers: parts.headers,
        body,
        extensions: parts.extensions,
    };
    judge(services, asked).await
}

/// The value of a header that occurs once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).map(|value| value.as_bytes())
}
