//! `POST /oauth2/par` (RFC 9126): an authorization request that the client sends ahead, authenticated.
//!
//! It is judged by the reader of the authorization endpoint before anything is kept; a `request_uri` in it is refused.

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

/// Open requests of a client without a credential: anyone can push in its name, and each is a row.
const MAX_OPEN: u64 = 100;

pub(super) async fn endpoint(State(services): State<ClientServices>, request: Request) -> Response {
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
    if !client.is_authenticated() {
        let open = exchange.services.pushed.open(client.id()).await;
        let open = open.map_err(|error| exchange.refused(&client, "pushed request", GrantRefusal::from(error)))?;
        if open >= MAX_OPEN {
            let error = OAuthError::new(ErrorCode::TooManyRequests { seconds: 60 }, "Too many requests are open");
            return Err(exchange.refused(&client, "pushed request", error.into()));
        }
    }
    let pushed = exchange.services.pushed.push(client.id(), json!(request).to_string()).await;
    let pushed = pushed.map_err(|error| exchange.refused(&client, "pushed request", GrantRefusal::from(error)))?;
    let answer = json!({ "request_uri": pushed.request_uri, "expires_in": pushed.expires_in.as_secs() });
    Ok(json_answer(StatusCode::CREATED, &answer))
}
