//! Envoy's ext_authz with an HTTP service: the client's request with its own method, its path below `/envoy`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::response::Response;

use super::asked::Asked;
use super::judge::judge;
use super::proxy::Proxy;
use crate::app::AuthenticationServices;

/// Envoy's `path_prefix`.
const PREFIX: &str = "/envoy";

pub(super) async fn endpoint(State(services): State<Arc<AuthenticationServices>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().and_then(|target| target.as_str().strip_prefix(PREFIX));
    let asked = Asked {
        proxy: Proxy::EnvoyHttp,
        method: Some(parts.method),
        target: target.and_then(|target| PathAndQuery::try_from(target).ok()),
        headers: parts.headers,
        body,
        extensions: parts.extensions,
    };
    judge(services, asked).await
}
