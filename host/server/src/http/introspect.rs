//! `POST /oauth2/introspect` (RFC 7662).
//!
//! A client is told about its own tokens. About those of others only a resource server is told that
//! `oauth.introspect.resource_servers` names; everybody else hears that the token is not active, as for any text. A
//! token is active when it could be used now: it ends with its client and with its user's account.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::exchange::{Exchange, Public};
use crate::app::ClientServices;
use crate::json::json as json_answer;
use dropins_oauth::Authenticated;
use dropins_oauth::grants::{GrantRefusal, validity};
use dropins_protocol::AccessToken;
use dropins_protocol::OAuthError;
use dropins_store::grants::RefreshToken;

pub(super) async fn endpoint(State(services): State<Arc<ClientServices>>, request: Request) -> Response {
    Exchange::answer(services, request, handle).await
}

async fn handle(exchange: &mut Exchange, request: Request) -> Result<Response, OAuthError> {
    let post = exchange.read(request).await?;
    let token = post.required("token").map_err(|error| exchange.malformed(error))?;
    let endpoint = exchange.live.endpoints.introspection.clone();
    let client = exchange.authenticate(&post, &endpoint, Public::Refused).await?;
    match introspect(exchange, &client, token).await {
        Ok(told) => Ok(json_answer(StatusCode::OK, &told.unwrap_or_else(|| json!({ "active": false })))),
        Err(refusal) => Err(exchange.refused(&client, "introspection", refusal)),
    }
}

async fn introspect(exchange: &Exchange, client: &Authenticated, token: &str) -> Result<Option<Value>, GrantRefusal> {
    let (grants, issuer) = (&exchange.services.grants, &exchange.live.endpoints.issuer);
    let resource_servers = &exchange.live.deployment.oauth.resource_servers;
    let may_know = |owner: &str| owner == client.id() || resource_servers.iter().any(|server| server == client.id());
    if let Some(found) = grants.active_refresh_token(token).await? {
        if !may_know(&found.family.client_id) {
            return Ok(None);
        }
        let invalidated = validity::of_refresh_token(&exchange.live.clients, &exchange.services.users, &found).await?;
        return Ok(invalidated.is_none().then(|| of_refresh_token(&found, issuer)));
    }
    match exchange.access_token(token).await? {
        Some(found) if may_know(&found.client_id) && grants.is_active(&found).await? => {
            let invalidated =
                validity::of_access_token(&exchange.live.clients, &exchange.services.users, &found).await?;
            Ok(invalidated.is_none().then(|| of_access_token(&found, issuer)))
        }
        _ => Ok(None),
    }
}

/// A scope has at least one word (RFC 6749 section 3.3).
fn with_scope(mut told: Value, scope: &[String]) -> Value {
    if let Some(members) = told.as_object_mut().filter(|_| !scope.is_empty()) {
        members.insert("scope".to_owned(), scope.join(" ").into());
    }
    told
}

fn of_access_token(token: &AccessToken, issuer: &str) -> Value {
    let told = json!({
        "active": true,
        "token_type": "Bearer",
        "client_id": token.client_id,
        "sub": token.subject,
        "iss": issuer,
        "aud": issuer,
        "jti": token.id,
        "iat": token.issued_at,
        "exp": token.expires_at,
    });
    with_scope(told, &token.scope)
}

fn of_refresh_token(token: &RefreshToken, issuer: &str) -> Value {
    let family = &token.family;
    let told = json!({
        "active": true,
        "client_id": family.client_id,
        "sub": family.subject.as_ref().unwrap_or(&family.client_id),
        "iss": issuer,
        "iat": token.issued_at,
        "exp": family.expires_at,
    });
    with_scope(told, &family.scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_a_scope_is_described_without_the_member() {
        let scope = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            with_scope(json!({ "active": true }), &words)
        };
        assert_eq!(scope(&[]), json!({ "active": true }));
        assert_eq!(scope(&["openid", "read"]), json!({ "active": true, "scope": "openid read" }));
    }
}
