//! `POST /oauth2/introspect` (RFC 7662).
//!
//! A client is told about its own tokens. About those of others only a resource server is told that
//! `oauth.introspect.resource_servers` names; everybody else hears that the token is not active, as for any text.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::client::{Authenticated, Exchange, Public};
use super::error::OAuthError;
use crate::app::App;
use crate::grants::{RefreshToken, Refusal};
use crate::tokens::AccessToken;

pub(super) async fn endpoint(State(app): State<Arc<App>>, request: Request) -> Response {
    let exchange = Exchange::begin(app, &request);
    let done = handle(&exchange, request).await;
    exchange.end(done)
}

async fn handle(exchange: &Exchange, request: Request) -> Result<Response, OAuthError> {
    let post = exchange.read(request).await?;
    let token = post.required("token").map_err(|error| exchange.malformed(error))?;
    let endpoint = &exchange.live.endpoints.introspection;
    let client = exchange.authenticate(&post, endpoint, Public::Refused).await?;
    match introspect(exchange, &client, token).await {
        Ok(told) => Ok(super::json(StatusCode::OK, &told.unwrap_or_else(|| json!({ "active": false })))),
        Err(refusal) => Err(exchange.refused(&client, "introspection", refusal)),
    }
}

async fn introspect(exchange: &Exchange, client: &Authenticated, token: &str) -> Result<Option<Value>, Refusal> {
    let (grants, issuer) = (&exchange.app.grants, &exchange.live.endpoints.issuer);
    let resource_servers = &exchange.live.deployment.oauth.resource_servers;
    let may_know = |owner: &str| owner == client.id() || resource_servers.iter().any(|server| server == client.id());
    if let Some(found) = grants.active_refresh_token(token).await? {
        return Ok(may_know(&found.family.client_id).then(|| of_refresh_token(&found, issuer)));
    }
    let signed = AccessToken::read(token, &exchange.app.keys.ring(), issuer);
    let found = match signed {
        Some(found) => Some(found),
        None => grants.find_opaque(token).await?,
    };
    match found {
        Some(found) if may_know(&found.client_id) && grants.is_active(&found).await? => {
            Ok(Some(of_access_token(&found, issuer)))
        }
        _ => Ok(None),
    }
}

fn of_access_token(token: &AccessToken, issuer: &str) -> Value {
    json!({
        "active": true,
        "token_type": "Bearer",
        "client_id": token.client_id,
        "sub": token.subject,
        "scope": token.scope.join(" "),
        "iss": issuer,
        "aud": issuer,
        "jti": token.id,
        "iat": token.issued_at,
        "exp": token.expires_at,
    })
}

fn of_refresh_token(token: &RefreshToken, issuer: &str) -> Value {
    let family = &token.family;
    json!({
        "active": true,
        "client_id": family.client_id,
        "sub": family.subject.as_ref().unwrap_or(&family.client_id),
        "scope": family.scope.join(" "),
        "iss": issuer,
        "iat": token.issued_at,
        "exp": family.expires_at,
    })
}
