//! The admin listener: health, readiness, metrics, status.
//!
//! It listens on loopback unless a token is configured; with a token, everything but `/healthz` and `/readyz`
//! asks for it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::app::App;
use crate::status;

pub(super) fn router(app: Arc<App>) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), require_token));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .merge(guarded)
        .with_state(app)
}

async fn require_token(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let live = app.live();
    let Some(token) = &live.deployment.transport.admin.token else { return next.run(request).await };
    let given = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
    if bool::from(given.ct_eq(token.expose().as_bytes())) {
        return next.run(request).await;
    }
    let mut refused = super::json(StatusCode::UNAUTHORIZED, &json!({ "error": "the admin token is missing or wrong" }));
    refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"dropins admin\""));
    refused
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n").into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let (live, ready) = (app.live(), app.ready().await.is_ok());
    let text = app.metrics.encode(&live, live.generation.engine().in_flight(), &app.replay.stats(), ready);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

async fn status(State(app): State<Arc<App>>) -> Response {
    super::json(StatusCode::OK, &status::document(&app).await)
}
