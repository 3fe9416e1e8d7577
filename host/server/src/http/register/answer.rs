//! The answer about a registered client (RFC 7591 section 3.2.1, RFC 7592 section 3).

use serde_json::{Map, Value, json};

use dropins_config::Deployment;
use dropins_config::endpoints;
use dropins_oauth::clients::PREVENT_TOKEN_REUSE;
use dropins_protocol::Secret;
use dropins_store::clients::ClientRecord;

/// What only the client knows.
pub(super) struct Issued {
    /// Its registration access token: new, or as it was sent.
    pub(super) token: Secret,
    /// Its secret, when it is new.
    pub(super) secret: Option<Secret>,
}

/// All registered metadata with what was issued.
pub(super) fn document(record: &ClientRecord, issued: &Issued, deployment: &Deployment) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            members.insert(name.to_owned(), value);
        }
    };
    put("client_id", json!(record.client_id));
    put("client_id_issued_at", json!(record.created_at));
    if let Some(secret) = &issued.secret {
        put("client_secret", json!(secret.expose()));
    }
    if record.secret.is_some() {
        // Zero: it does not expire.
        put("client_secret_expires_at", json!(0));
    }
    let endpoint = deployment.endpoint(endpoints::REGISTER);
    put("registration_access_token", json!(issued.token.expose()));
    put("registration_client_uri", json!(format!("{endpoint}/{}", record.client_id)));
    put("client_name", json!(record.name));
    put("token_endpoint_auth_method", json!(record.auth_method));
    put("token_endpoint_auth_signing_alg", json!(record.signing_alg));
    put("id_token_signed_response_alg", json!(record.id_token_signed_response_alg));
    put("grant_types", json!(record.grant_types));
    let with_code = record.grant_types.iter().any(|grant| grant == "authorization_code");
    put("response_types", if with_code { json!(["code"]) } else { json!([]) });
    if !record.redirect_uris.is_empty() {
        put("redirect_uris", json!(record.redirect_uris));
    }
    if !record.post_logout_redirect_uris.is_empty() {
        put("post_logout_redirect_uris", json!(record.post_logout_redirect_uris));
    }
    if !record.scopes.is_empty() {
        put("scope", json!(record.scopes.join(" ")));
    }
    put("jwks_uri", json!(record.jwks_uri));
    put("jwks", record.jwks.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default());
    let prevents = record.overrides.iter().find(|(property, _)| property == PREVENT_TOKEN_REUSE);
    if let Some((_, values)) = prevents {
        put("token_endpoint_allow_reuse_pvt_key_jwt", json!(values.iter().any(|value| value == "false")));
    }
    Value::Object(members)
}
