//! The span of a request for an endpoint, where `[telemetry]` names a collector.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tracing::Instrument as _;

use dropins_telemetry::otlp;

/// The endpoints, each request in a span of its own.
pub(crate) fn traced(router: Router) -> Router {
    router.route_layer(from_fn(trace))
}

async fn trace(path: MatchedPath, request: Request, next: Next) -> Response {
    let span = otlp::incoming(request.method(), path.as_str(), request.headers());
    let answer = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", answer.status().as_u16());
    answer
}
