//! What the server says about itself, computed from what is really loaded.
//!
//! Authentication methods and algorithms come from the live plug-ins with their properties; URLs come from
//! the configuration.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::app::App;
use crate::{grant, tokens};

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub(super) async fn metadata(State(app): State<Arc<App>>) -> Response {
    let live = app.live();
    let endpoints = &live.endpoints;
    let mut scopes = vec!["openid".to_owned()];
    for client in live.clients.declared().filter(|client| client.enabled) {
        for scope in client.scopes.iter().filter(|scope| scope.as_str() != "openid") {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
    }
    scopes.sort();
    let mut document = json!({
        "issuer": endpoints.issuer,
        "token_endpoint": endpoints.token,
        "jwks_uri": endpoints.jwks,
        "grant_types_supported": grant::SUPPORTED,
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [tokens::ALGORITHM],
        "scopes_supported": scopes,
        "token_endpoint_auth_methods_supported": live.generation.methods(),
    });
    if let (Some(document), Some(registration)) = (document.as_object_mut(), &endpoints.registration) {
        document.insert("registration_endpoint".to_owned(), json!(registration));
    }
    let algorithms = live.generation.algorithms();
    if let (Some(document), false) = (document.as_object_mut(), algorithms.is_empty()) {
        document.insert("token_endpoint_auth_signing_alg_values_supported".to_owned(), json!(algorithms));
    }
    super::json(StatusCode::OK, &document)
}

/// `GET /oauth2/jwks`.
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    let key = app.signing_key().public_jwk();
    super::json(StatusCode::OK, &json!({ "keys": [Value::Object(key)] }))
}
