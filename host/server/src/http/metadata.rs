//! What the server says about itself, computed from what is really loaded (RFC 8414, OpenID Connect Discovery).
//!
//! Authentication methods and algorithms come from the live plug-ins with their properties, and apply to every
//! endpoint that authenticates clients; URLs come from the configuration.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::app::MetadataServices;
use dropins_live::Live;
use dropins_oauth::authorization::{CODE_CHALLENGE_METHODS, Prompt, RESPONSE_MODES, RESPONSE_TYPES};
use dropins_oauth::tokens::{self, KeyRing};
use dropins_protocol::names::{self, NONE, OPENID};

/// Claims of access and id tokens, and of userinfo.
const CLAIMS: [&str; 11] =
    ["aud", "auth_time", "at_hash", "exp", "iat", "iss", "jti", "nonce", "preferred_username", "sub", "updated_at"];

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub(super) async fn metadata(State(services): State<MetadataServices>) -> Response {
    cacheable(&document(&services.published.current(), &services.ring()))
}

fn document(live: &Live, keys: &KeyRing) -> Value {
    let endpoints = &live.endpoints;
    let mut document = json!({
        "issuer": endpoints.issuer,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "revocation_endpoint": endpoints.revocation,
        "introspection_endpoint": endpoints.introspection,
        "pushed_authorization_request_endpoint": endpoints.pushed_requests,
        "userinfo_endpoint": endpoints.userinfo,
        "end_session_endpoint": endpoints.end_session,
        "jwks_uri": endpoints.jwks,
        "grant_types_supported": names::GRANTS,
        "response_types_supported": RESPONSE_TYPES,
        "response_modes_supported": RESPONSE_MODES,
        "prompt_values_supported": Prompt::SUPPORTED,
        "code_challenge_methods_supported": CODE_CHALLENGE_METHODS,
        "authorization_response_iss_parameter_supported": true,
        // Both are about request objects; a URI of a pushed request is always taken (RFC 9126 section 5).
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": keys.algorithms().collect::<Vec<_>>(),
        "claims_supported": CLAIMS,
        "scopes_supported": scopes(live),
    });
    let Some(members) = document.as_object_mut() else { return document };
    if live.deployment.oauth.client_id_metadata.is_on() {
        members.insert("client_id_metadata_document_supported".to_owned(), json!(true));
    }
    if let Some(registration) = &endpoints.registration {
        members.insert("registration_endpoint".to_owned(), json!(registration));
    }
    let (methods, algorithms) = (live.generation.methods(), live.generation.algorithms());
    for (endpoint, public) in [("token", true), ("revocation", true), ("introspection", false)] {
        let mut methods: Vec<_> = methods.iter().map(ToString::to_string).collect();
        if public {
            methods.push(NONE.to_owned());
        }
        members.insert(format!("{endpoint}_endpoint_auth_methods_supported"), json!(methods));
        if !algorithms.is_empty() {
            members.insert(format!("{endpoint}_endpoint_auth_signing_alg_values_supported"), json!(algorithms));
        }
    }
    document
}

/// `openid`, and what the clients of the file may ask for.
pub(super) fn scopes(live: &Live) -> Vec<String> {
    let declared = live.clients.declared().filter(|client| client.enabled);
    let mut scopes: Vec<_> = declared.flat_map(|client| client.scopes.iter().cloned()).collect();
    scopes.push(OPENID.to_owned());
    scopes.sort();
    scopes.dedup();
    scopes
}

/// `GET /oauth2/jwks`.
pub(super) async fn jwks(State(services): State<MetadataServices>) -> Response {
    let longest = services.published.current().deployment.oauth.validity.longest_token();
    let keys = services.ring().published(services.clock.now_seconds(), longest);
    cacheable(&json!({ "keys": keys }))
}

/// An answer that everybody may keep, but for a shorter time than a new key is published before it signs.
pub(super) fn cacheable(body: &Value) -> Response {
    let mut response = crate::json::json(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.remove(header::PRAGMA);
    let max_age = tokens::PUBLISHED_MAX_AGE.as_secs();
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={max_age}")) {
        headers.insert(header::CACHE_CONTROL, value);
    }
    response
}
