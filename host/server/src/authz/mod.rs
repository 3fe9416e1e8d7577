//! Proxies that ask whether the client of a request is authenticated, and forward it themselves: Envoy's ext_authz over
//! HTTP and gRPC, Traefik's forwardAuth.
//!
//! One question, one answer: 200 with four headers that name the client, or the answer that the proxy gives the client.
//! Issuer and judged paths come from `[transport.authz]`. The assertion is used up with the 200.

mod access;
mod allowed;
mod asked;
mod envoy;
mod envoy_proto;
mod grpc;
mod judge;
mod proxy;
mod shortfall;
mod traefik;
mod waiting;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, post};

use crate::app::AuthenticationServices;

/// What a proxy asks.
pub fn router(services: Arc<AuthenticationServices>) -> Router {
    Router::new()
        .route("/envoy", any(envoy::endpoint))
        .route("/envoy/{*path}", any(envoy::endpoint))
        .route("/forward", any(traefik::endpoint))
        .route("/envoy.service.auth.v3.Authorization/Check", post(grpc::endpoint))
        .layer(from_fn_with_state(services.clone(), access::check))
        .with_state(services)
}
