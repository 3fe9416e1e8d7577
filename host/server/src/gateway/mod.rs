//! In front of other authorization servers: a path of an upstream goes there, every other one to this server.
//!
//! At a judged path the client is authenticated as at our own endpoints, and the upstream hears nothing of a client that is
//! rejected. Whether there are upstreams, and whether this server issues tokens itself, is what is live.

mod failure;
mod judged;
mod metadata;
mod pass;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use dropins_gateway::{Route, Upstream};
use dropins_live::Live;
use dropins_telemetry::otlp;
use tracing::Instrument as _;

use crate::app::AuthenticationServices;
use crate::http::front::ask_first;
use crate::http::rate_limit;

/// The public endpoints behind the gateway.
pub fn in_front_of(router: Router, services: Arc<AuthenticationServices>) -> Router {
    ask_first(router, move |request| {
        let live = services.published.current();
        match live.gateway.route(request.uri().path()) {
            Some((upstream, route)) => {
                let upstream = Arc::clone(upstream);
                Err(Box::pin(forward(live, Arc::clone(&services), upstream, route, request)))
            }
            None if live.deployment.oauth.enabled => Ok(request),
            None => Err(Box::pin(async { StatusCode::NOT_FOUND.into_response() })),
        }
    })
}

async fn forward(
    live: Arc<Live>,
    services: Arc<AuthenticationServices>,
    upstream: Arc<Upstream>,
    route: Route,
    request: Request,
) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // Without a collector this is a comparison.
    let span = otlp::incoming(&method, &path, request.headers());
    let answer = async {
        match route {
            Route::Judged(endpoint) => match rate_limit::refused(&services, &request) {
                Some(refused) => refused,
                None => judged::answer(live.clone(), services, upstream, endpoint, request).await,
            },
            Route::Metadata => metadata::answer(live.clone(), upstream, method, path).await,
            Route::Pass => pass::answer(live.clone(), services, upstream, request).await,
        }
    };
    let answer = answer.instrument(span.clone()).await;
    span.record("http.response.status_code", answer.status().as_u16());
    answer
}
