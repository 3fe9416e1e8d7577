//! `POST /oauth2/revoke` (RFC 7009).
//!
//! A refresh token takes its whole family with it, an access token goes alone. A token that is unknown, that has
//! expired, or that belongs to another client is answered as if it were revoked: no client learns whose it is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::exchange::{Exchange, Public};
use crate::app::ClientServices;
use dropins_oauth::Authenticated;
use dropins_oauth::grants::GrantRefusal;
use dropins_protocol::OAuthError;

pub(super) async fn endpoint(State(services): State<Arc<ClientServices>>, request: Request) -> Response {
    Exchange::answer(services, request, handle).await
}

async fn handle(exchange: &mut Exchange, request: Request) -> Result<Response, OAuthError> {
    let post = exchange.read(request).await?;
    let token = post.required("token").map_err(|error| exchange.malformed(error))?;
    let endpoint = exchange.live.endpoints.revocation.clone();
    let client = exchange.authenticate(&post, &endpoint, Public::Accepted).await?;
    match revoke(exchange, &client, token).await {
        Ok(()) => Ok(revoked()),
        Err(refusal) => Err(exchange.refused(&client, "revocation", refusal)),
    }
}

/// The type hint is not needed: a token shows its type (RFC 7009 section 2.1).
async fn revoke(exchange: &Exchange, client: &Authenticated, token: &str) -> Result<(), GrantRefusal> {
    let grants = &exchange.services.grants;
    if grants.revoke_refresh_token(token, client.id()).await? {
        return Ok(());
    }
    match exchange.access_token(token).await? {
        Some(found) if found.client_id == client.id() => Ok(grants.revoke_access_token(&found).await?),
        _ => Ok(()),
    }
}

fn revoked() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
