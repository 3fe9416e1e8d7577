//! `GET /.well-known/smart-configuration`: the metadata of SMART App Launch, where a listener or a client has that profile.
//!
//! It says what is live, as the other metadata do. A FHIR server serves it below its own base URL, or redirects to here.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::metadata::{cacheable, scopes};
use crate::app::MetadataServices;
use dropins_live::Live;
use dropins_oauth::authorization::{CODE_CHALLENGE_METHODS, RESPONSE_TYPES};
use dropins_protocol::names::{self, PRIVATE_KEY_JWT};

/// The property of a listener, and the same of a client, with the value of this profile.
const PROFILE: (&str, &str) = ("Profile", "smart");

/// The algorithms of the profile (HL7 SMART App Launch 2.2.0, client-confidential-asymmetric).
const ALGORITHMS: [&str; 2] = ["RS384", "ES384"];

pub(super) async fn metadata(State(services): State<MetadataServices>) -> Response {
    let live = services.published.current();
    if has_profile(&live) { cacheable(&document(&live)) } else { StatusCode::NOT_FOUND.into_response() }
}

fn has_profile(live: &Live) -> bool {
    let is_it = |(name, value): &(String, String)| name.eq_ignore_ascii_case(PROFILE.0) && value == PROFILE.1;
    let mut handlers = live.generation.handlers().iter();
    handlers.any(|handler| handler.listener().properties.iter().any(is_it))
        || live.clients.declared().any(|client| client.registration.settings.iter().any(is_it))
}

fn document(live: &Live) -> Value {
    let (endpoints, methods) = (&live.endpoints, live.generation.methods());
    let algorithms: Vec<_> =
        live.generation.algorithms().into_iter().filter(|name| ALGORITHMS.contains(&name.as_str())).collect();
    let has = |wanted: &str| methods.iter().any(|method| method.starts_with(wanted));
    let capabilities = [
        ("client-public", true),
        ("client-confidential-symmetric", has("client_secret_")),
        ("client-confidential-asymmetric", has(PRIVATE_KEY_JWT) && !algorithms.is_empty()),
        ("permission-v2", true),
    ];
    let capabilities: Vec<_> = capabilities.iter().filter(|(_, is_live)| *is_live).map(|(name, _)| *name).collect();
    json!({
        "issuer": endpoints.issuer,
        "jwks_uri": endpoints.jwks,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "introspection_endpoint": endpoints.introspection,
        "revocation_endpoint": endpoints.revocation,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "grant_types_supported": names::GRANTS,
        "response_types_supported": RESPONSE_TYPES,
        "scopes_supported": scopes(live),
        "code_challenge_methods_supported": CODE_CHALLENGE_METHODS,
        "capabilities": capabilities,
    })
}
