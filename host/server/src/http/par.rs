//! `POST /oauth2/par` (RFC 9126): an authorization request that the client sends ahead, authenticated.
//!
//! It is judged by the reader of the authorization endpoint before anything is kept; a `request_uri` in it is refused.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::exchange::{Exchange, Public};
use crate::app::ClientServices;
use crate::json::json as json_answer;
use dropins_oauth::authorization::AuthorizationRequest;
use dropins_oauth::grants::GrantRefusal;
use dropins_protocol::{ErrorCode, OAuthError};

/// Open requests of a client without a credential, or that a document describes: an attacker can push in its name, and
/// each is a row.
const MAX_OPEN: u64 = 100;

pub(super) async fn endpoint(State(services): State<Arc<ClientServices>>, request: Request) -> Response {
    Exchange::answer(services, request, handle).await
}

async fn handle(exchange: &mut Exchange, request: Request) -> Result<Response, OAuthError> {
    let post = exchange.read(request).await?;
    if post.form.get("request_uri").is_some() {
        let error = OAuthError::invalid_request("The parameter request_uri cannot be pushed");
        return Err(exchange.malformed(error));
    }
    let endpoint = exchange.live.endpoints.pushed_requests.clone();
    let client = exchange.authenticate(&post, &endpoint, Public::Accepted).await?;
    let request = AuthorizationRequest::read(&post.form, client.registered()).map_err(|error| {
        let error = OAuthError::new(error.code, error.description);
        exchange.refused(&client, "pushed request", error.into())
    })?;
    let (requests, request) = (&exchange.services.pushed, json!(request).to_string());
    // Anybody can have a client that a document describes.
    let pushed = match client.is_authenticated() && client.registered().host.is_none() {
        true => requests.push(client.id(), request).await.map(Some),
        false => requests.push_within(MAX_OPEN, client.id(), request).await,
    };
    let pushed = pushed.map_err(GrantRefusal::from).and_then(|pushed| {
        let too_many = || OAuthError::new(ErrorCode::TooManyRequests { seconds: 60 }, "Too many requests are open");
        pushed.ok_or_else(|| too_many().into())
    });
    let pushed = pushed.map_err(|refusal| exchange.refused(&client, "pushed request", refusal))?;
    let answer = json!({ "request_uri": pushed.request_uri, "expires_in": pushed.expires_in.as_secs() });
    Ok(json_answer(StatusCode::CREATED, &answer))
}
