//! `POST /oauth2/par` (RFC 9126): an authorization request that the client sends ahead, authenticated.
//!
//! It is judged by the reader of the authorization endpoint before anything is kept; a `request_uri` in it is refused.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::client::{Exchange, Public};
use super::error::{ErrorKind, OAuthError};
use crate::app::App;
use crate::authorization::AuthorizationRequest;
use crate::grants::Refusal;

pub(super) async fn endpoint(State(app): State<Arc<App>>, request: Request) -> Response {
    Exchange::answer(app, request, handle).await
}

async fn handle(exchange: &Exchange, request: Request) -> Result<Response, OAuthError> {
    let post = exchange.read(request).await?;
    if post.form.get("request_uri").is_some() {
        let error = OAuthError::invalid_request("The parameter request_uri cannot be pushed");
        return Err(exchange.malformed(error));
    }
    let endpoint = &exchange.live.endpoints.pushed_requests;
    let client = exchange.authenticate(&post, endpoint, Public::Accepted).await?;
    let request = AuthorizationRequest::read(&post.form, client.registered()).map_err(|error| {
        let error = OAuthError::new(ErrorKind::AuthorizationRequest(error.code), error.description);
        exchange.refused(&client, "pushed request", error.into())
    })?;
    let pushed = exchange.app.pushed.push(client.id(), &request).await;
    let pushed = pushed.map_err(|error| exchange.refused(&client, "pushed request", Refusal::from(error)))?;
    let answer = json!({ "request_uri": pushed.request_uri, "expires_in": pushed.expires_in.as_secs() });
    Ok(super::json(StatusCode::CREATED, &answer))
}
