//! What an authenticated client is given: the client credentials grant (RFC 6749 section 4.4).
//!
//! A client uses only grants that it registered, and is given only scopes that it registered.

use serde_json::{Value, json};

use crate::app::App;
use crate::clients::RegisteredClient;
use crate::http::error::{ErrorKind, OAuthError};
use crate::live::Live;

const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The scope that asks for an id token (OpenID Connect Core section 3.1.2.1).
const OPENID: &str = "openid";

/// The grants of this server, for metadata.
pub const SUPPORTED: [&str; 1] = [CLIENT_CREDENTIALS];

/// Whether this server knows the grant.
pub fn is_supported(grant: &str) -> bool {
    SUPPORTED.contains(&grant)
}

/// Issues an access token to the client itself, and an id token where the operator allows it.
///
/// # Errors
/// `unauthorized_client` when the client did not register the grant, `server_error` when signing fails.
pub fn client_credentials(
    app: &App,
    live: &Live,
    client: &RegisteredClient,
    grant: &str,
    scope: &str,
) -> Result<Value, OAuthError> {
    if !client.grant_types.iter().any(|allowed| allowed == grant) {
        return Err(OAuthError::new(ErrorKind::UnauthorizedClient, "The client may not use this grant type"));
    }
    let oauth = &live.deployment.oauth;
    let granted = granted_scopes(scope, &client.scopes, oauth.client_credentials.allow_id_token);
    let scope = granted.join(" ");
    let tokens = app.tokens(live);
    let failed = |error: dropins_keys::SigningError| {
        tracing::error!(%error, "a token cannot be signed");
        OAuthError::new(ErrorKind::ServerError, "The server failed to issue the token")
    };
    let lifetime = oauth.validity.app_access_token;
    let client_id = &client.registration.id;
    let access_token = tokens.access_token(client_id, &scope, lifetime).map_err(failed)?;
    let mut response = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "scope": scope,
    });
    if granted.contains(&OPENID) {
        let id_token = tokens.id_token(client_id, oauth.validity.id_token).map_err(failed)?;
        if let Some(members) = response.as_object_mut() {
            members.insert("id_token".to_owned(), Value::String(id_token));
        }
    }
    Ok(response)
}

/// The requested scopes that are registered, each once; `openid` needs no registration, only permission.
fn granted_scopes<'a>(requested: &'a str, registered: &[String], allow_id_token: bool) -> Vec<&'a str> {
    let mut granted = Vec::new();
    for scope in requested.split(' ').filter(|scope| !scope.is_empty()) {
        let allowed = if scope == OPENID { allow_id_token } else { registered.iter().any(|r| r == scope) };
        if allowed && !granted.contains(&scope) {
            granted.push(scope);
        }
    }
    granted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_scopes_are_granted() {
        let registered = ["read".to_owned(), "write".to_owned()];
        assert_eq!(granted_scopes("read admin read", &registered, false), ["read"]);
        assert_eq!(granted_scopes("", &registered, true), [""; 0]);
    }

    #[test]
    fn openid_needs_the_operators_permission() {
        assert_eq!(granted_scopes("openid read", &[], false), [""; 0]);
        assert_eq!(granted_scopes("openid read", &[], true), ["openid"]);
    }
}
