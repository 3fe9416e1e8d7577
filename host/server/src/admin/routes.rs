//! The admin listener: health, readiness, metrics, status, decisions, and the commands of an operator.
//!
//! `/healthz` and `/readyz` are for every caller; [`access`] decides about the others.

use std::sync::Arc;

use super::access::refused;
use super::extension::Extension;
use super::state::{AdminState, Door, ServedHome};
use super::{access, audiences, decision, metrics as metrics_page, refresh, shadow, status as status_document};
use crate::app::AdminServices;
use crate::json::json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use dropins_reload::{ReloadReport, Reloader, Target, Trigger};

/// Rejected requests of one answer.
const MOST_DECISIONS: usize = 1000;

/// The admin routes, and those of a program, as they are served at one door.
pub fn router(
    services: AdminServices,
    reloader: Arc<Reloader>,
    home: ServedHome,
    extension: Extension,
    door: Door,
) -> Router {
    let state = AdminState { services, reloader, home, door, rejected: Arc::default() };
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/plugins/{name}/diff", get(differences))
        .route("/audiences", get(audiences_of))
        .route("/clients/refresh", post(refresh_clients))
        .route("/decisions", get(decisions))
        .route("/decisions/{reference}", get(decision_of))
        .route("/keys/refresh", post(refresh_keys))
        .route("/reload", post(reload))
        .route("/rollback", post(roll_back))
        .with_state(state.clone())
        .merge(extension.guarded)
        .layer(middleware::from_fn_with_state(state.clone(), access::check));
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(state)
        .merge(guarded);
    match door {
        Door::Tcp => router.merge(extension.open),
        Door::Socket => router,
    }
}

async fn ready(State(state): State<AdminState>) -> Response {
    match state.services.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n").into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

async fn metrics(State(state): State<AdminState>) -> Response {
    let text = metrics_page::page(&state.services, state.reloader.record()).await;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// `GET /audiences`: which audience each client sent last.
async fn audiences_of(State(state): State<AdminState>) -> Response {
    json(StatusCode::OK, &audiences::document(&state.services))
}

/// `POST /clients/refresh`: sees now which clients another process changed.
async fn refresh_clients(State(state): State<AdminState>) -> Response {
    match state.services.published.current().resources.stored.refresh().await {
        Ok(()) => json(StatusCode::OK, &()),
        Err(down) => refused(StatusCode::SERVICE_UNAVAILABLE, down.to_string()),
    }
}

/// `POST /keys/refresh?client_id=ID`: fetches the client's published keys now.
async fn refresh_keys(State(state): State<AdminState>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "client_id");
    let Some((_, client_id)) = named else {
        return refused(StatusCode::BAD_REQUEST, "name a client in the parameter client_id");
    };
    match refresh::refresh(&state.services.published, &client_id).await {
        Ok(document) => json(StatusCode::OK, &document),
        Err(error) => refused(error.status(), error.to_string()),
    }
}

async fn status(State(state): State<AdminState>) -> Response {
    let record = state.reloader.record();
    json(StatusCode::OK, &status_document::document(&state.services, record, &state.home.root).await)
}

/// `POST /reload`: looks at the folders now; the answer is the verdict. `?wait=true` waits for the compiler.
async fn reload(State(state): State<AdminState>, uri: Uri) -> Response {
    answer(&match uri.query() {
        Some("wait=true") => state.reloader.reload(Trigger::Command).await,
        _ => state.reloader.reload_at_once(Trigger::Command).await,
    })
}

/// `POST /rollback`, with `generation=NUMBER` or `plugin=NAME` in the query, or with neither: the generation before.
async fn roll_back(State(state): State<AdminState>, uri: Uri) -> Response {
    let query: Vec<_> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect();
    let target = match query.as_slice() {
        [] => Some(Target::Previous),
        [(name, value)] if name == "generation" => value.parse().ok().map(Target::Generation),
        [(name, value)] if name == "plugin" => Some(Target::Plugin(value.clone().into_owned())),
        _ => None,
    };
    match target {
        Some(target) => answer(&state.reloader.roll_back(target).await),
        None => refused(StatusCode::BAD_REQUEST, "give generation=NUMBER or plugin=NAME in the query, or nothing"),
    }
}

fn answer(report: &ReloadReport) -> Response {
    let status = if report.is_good() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    json(status, report)
}

/// `GET /plugins/NAME/diff`: how the shadow of a plug-in compares with it.
async fn differences(State(state): State<AdminState>, Path(name): Path<String>) -> Response {
    match shadow::differences(&state.services.published.current().generation, &name) {
        Ok(document) => json(StatusCode::OK, &document),
        Err(error) => refused(StatusCode::NOT_FOUND, error),
    }
}

/// `GET /decisions?client=TEXT&reason=CODE`: the last rejected requests of these clients with this reason.
async fn decisions(State(state): State<AdminState>, uri: Uri) -> Response {
    let query: Vec<_> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect();
    let given = |name: &str| query.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_ref());
    json(StatusCode::OK, &state.services.decisions.search(given("client"), given("reason"), MOST_DECISIONS))
}

/// `GET /decisions/REFERENCE`: what became of a request that was rejected.
async fn decision_of(State(state): State<AdminState>, Path(reference): Path<String>) -> Response {
    match decision::document(&state.services, &reference).await {
        Some(document) => json(StatusCode::OK, &document),
        None => refused(StatusCode::NOT_FOUND, format!("no rejected request with the reference {reference} is kept")),
    }
}
