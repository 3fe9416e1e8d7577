//! The admin listener: health, readiness, metrics, status.
//!
//! It listens on loopback unless a token is configured; with a token, everything but `/healthz` and `/readyz`
//! asks for it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use dropins_host::services::PublicKey as _;
use dropins_keys::remote::JwksUrl;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::app::App;
use crate::status;

pub(super) fn router(app: Arc<App>) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/keys/refresh", post(refresh))
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
    let live = app.live();
    let (ready, size) = tokio::join!(app.ready(), app.replay_size.of(&app.replay));
    let text = app.metrics.encode(&app, &live, ready.is_ok(), size);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// `POST /keys/refresh?client_id=ID`: fetches the client's published keys now.
async fn refresh(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let refused = |status, message: String| super::json(status, &json!({ "error": message }));
    let query = uri.query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "client_id");
    let Some((_, client_id)) = named else {
        return refused(StatusCode::BAD_REQUEST, "name a client in the parameter client_id".to_owned());
    };
    let client = match app.live().clients.find(&client_id).await {
        Ok(Some(client)) => client,
        Ok(None) => return refused(StatusCode::NOT_FOUND, format!("there is no enabled client `{client_id}`")),
        Err(down) => return refused(StatusCode::SERVICE_UNAVAILABLE, down.to_string()),
    };
    let Some(uri) = client.keys.jwks_uri() else {
        return refused(StatusCode::CONFLICT, format!("the client `{client_id}` has no JWKS URI"));
    };
    let url = match JwksUrl::parse(uri, app.fetcher.settings()) {
        Ok(url) => url,
        Err(error) => return refused(StatusCode::CONFLICT, error.to_string()),
    };
    match app.fetcher.refresh(&url).await {
        Ok(refreshed) => {
            let keys: Vec<_> = refreshed.set.keys().keys().iter().map(|key| key.describe()).collect();
            let keys: Vec<_> = keys.iter().map(|key| json!({ "kid": key.kid, "thumbprint": key.thumbprint })).collect();
            super::json(StatusCode::OK, &json!({ "result": refreshed.outcome.as_str(), "keys": keys }))
        }
        Err(error) => refused(StatusCode::BAD_GATEWAY, format!("{uri}: {error}")),
    }
}

async fn status(State(app): State<Arc<App>>) -> Response {
    super::json(StatusCode::OK, &status::document(&app).await)
}
