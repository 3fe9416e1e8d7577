//! Who may register a client, and who may manage it.
//!
//! Tokens come in the `Authorization` header only (RFC 6750 section 2.1), and are compared as hashes.

use axum::http::{HeaderMap, header};

use super::failure::Failure;
use dropins_config::DynamicRegistration;
use dropins_oauth::clients::{Grantor, StoredClients};
use dropins_protocol::{ErrorCode, OAuthError};
use dropins_protocol::{Secret, TokenHash};
use dropins_store::clients::{ClientError, ClientRecord};

/// Whether the request may register a client (RFC 7591 section 3).
pub(super) fn initial(registration: &DynamicRegistration, headers: &HeaderMap) -> Result<Grantor, OAuthError> {
    let given = bearer(headers)?;
    match (&registration.initial_access_token, given) {
        (Some(token), Some(given)) if TokenHash::of(token.expose()).matches(given) => Ok(Grantor::Operator),
        (_, None) if !registration.authentication_required => Ok(Grantor::Open),
        (None, _) if registration.authentication_required => {
            tracing::warn!("clients can be registered once oauth.dcr.initial_access_token is set");
            Err(refused())
        }
        _ => Err(refused()),
    }
}

/// The client that manages itself, with its token (RFC 7592 section 2). A client that is unknown, disabled, or was not
/// registered here is refused like a wrong token.
pub(super) async fn own(
    stored: &StoredClients,
    client_id: &str,
    headers: &HeaderMap,
) -> Result<(ClientRecord, Secret), Failure> {
    let given = bearer(headers)?.ok_or_else(refused)?;
    let record = stored.store().find(client_id).await.map_err(ClientError::from)?;
    let no_token = TokenHash::stored(String::new());
    let hash = record.as_ref().and_then(|record| record.registration_token.as_ref()).unwrap_or(&no_token);
    let is_own = hash.matches(given);
    let record = record.filter(|record| is_own && record.enabled).ok_or_else(refused)?;
    Ok((record, Secret::new(given)))
}

/// The bearer token of the request, if there is one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(refused)?;
    let token = token.trim_matches(' ');
    if values.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(refused());
    }
    Ok(Some(token))
}

fn refused() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidToken, "The access token is missing or wrong")
}
