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
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use dropins_gateway::Route;
use dropins_telemetry::otlp;
use tracing::Instrument as _;

use crate::app::AuthenticationServices;
use crate::http::rate_limit;

/// The public endpoints behind the gateway.
pub fn in_front_of(router: Router, services: Arc<AuthenticationServices>) -> Router {
    router.layer(from_fn_with_state(services, dispatch))
}

async fn dispatch(State(services): State<Arc<AuthenticationServices>>, request: Request, next: Next) -> Response {
    let live = services.published.current();
    let Some((upstream, route)) = live.gateway.route(request.uri().path()) else {
        return match live.deployment.oauth.enabled {
            true => next.run(request).await,
            false => StatusCode::NOT_FOUND.into_response(),
        };
    };
    let upstream = Arc::clone(upstream);
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
