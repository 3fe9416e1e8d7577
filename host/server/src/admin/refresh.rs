//! `POST /keys/refresh?client_id=ID`: fetches now what a client publishes, its document first if it has one.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use dropins_keys::remote::{JwksFetcher, JwksUrl};
use dropins_oauth::clients::RegisteredClient;
use dropins_services::PublicKey as _;
use std::sync::Arc;

use super::access::refused;
use super::documents::{PublishedKey, RefreshDocument};
use super::state::AdminState;
use crate::json::json;
use dropins_live::Live;

pub(super) async fn endpoint(State(state): State<AdminState>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "client_id");
    let Some((_, client_id)) = named else {
        return refused(StatusCode::BAD_REQUEST, "name a client in the parameter client_id");
    };
    let live = state.services.published.current();
    let (client, fetcher) = match client(&live, &client_id).await {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    match (client.keys.jwks_uri(), &client.host) {
        (Some(uri), _) => refreshed(uri, fetcher).await,
        (None, Some(_)) => {
            let keys = client.keys.own().iter().map(|key| key.describe());
            let keys = keys.map(|key| PublishedKey { kid: key.kid, thumbprint: key.thumbprint }).collect();
            json(StatusCode::OK, &RefreshDocument { result: "fetched".to_owned(), keys, warnings: Vec::new() })
        }
        (None, None) => refused(StatusCode::CONFLICT, format!("the client `{client_id}` has no JWKS URI")),
    }
}

/// The client, its document fetched anew, and what fetches its keys.
async fn client<'l>(live: &'l Live, client_id: &str) -> Result<(Arc<RegisteredClient>, &'l JwksFetcher), Response> {
    let found = live.clients.find(client_id).await;
    let found = found.map_err(|down| refused(StatusCode::SERVICE_UNAVAILABLE, down.to_string()))?;
    match (found, live.clients.documents()) {
        (Some(client), Some(documents)) if client.host.is_some() => match documents.refresh(client_id).await {
            Ok(client) => Ok((client, documents.sets())),
            Err(lack) => Err(refused(StatusCode::BAD_GATEWAY, format!("{client_id}: {lack}"))),
        },
        (Some(client), _) => Ok((client, &live.resources.sources.fetcher)),
        (None, _) => match live.clients.lacks_document(client_id).await {
            Some(lack) => Err(refused(StatusCode::NOT_FOUND, format!("{client_id}: {lack}"))),
            None => Err(refused(StatusCode::NOT_FOUND, format!("there is no enabled client `{client_id}`"))),
        },
    }
}

async fn refreshed(uri: &str, fetcher: &JwksFetcher) -> Response {
    let url = match JwksUrl::parse(uri, fetcher.settings()) {
        Ok(url) => url,
        Err(error) => return refused(StatusCode::CONFLICT, error.to_string()),
    };
    match fetcher.refresh(&url).await {
        Ok(refreshed) => {
            let keys = refreshed.set.keys().keys().iter().map(|key| key.describe());
            let keys = keys.map(|key| PublishedKey { kid: key.kid, thumbprint: key.thumbprint }).collect();
            let warnings = refreshed.set.findings().iter().take(8).map(ToString::to_string).collect();
            let result = refreshed.outcome.as_str().to_owned();
            json(StatusCode::OK, &RefreshDocument { result, keys, warnings })
        }
        Err(error) => refused(StatusCode::BAD_GATEWAY, format!("{uri}: {error}")),
    }
}
