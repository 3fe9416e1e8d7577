//! The body of a registration request.

use axum::body::Body;
use axum::http::{HeaderMap, header};

use super::super::body;
use super::failure::{Failure, refuse};
use dropins_config::Fault;
use dropins_oauth::clients::Metadata;
use dropins_protocol::ClientRecord;
use dropins_protocol::OAuthError;
use dropins_protocol::secret_hash;

/// Members that an update must not have (RFC 7592 section 2.2).
const ISSUED: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

/// Reads the body of a request.
pub(super) async fn read(headers: &HeaderMap, content: Body) -> Result<Metadata, OAuthError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(OAuthError::invalid_request("The Content-Type must be application/json"));
    }
    let text = body::read(headers, content).await?;
    Metadata::parse(&text).map_err(|error| OAuthError::invalid_request(format!("The body is wrong: {error}")))
}

/// Whether the body may replace the metadata of this client (RFC 7592 section 2.2).
pub(super) async fn check_update(metadata: &Metadata, record: &ClientRecord) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for field in ISSUED.into_iter().filter(|field| metadata.has(field)) {
        faults.push(Fault::new(field, "it is not for the client to set: leave it out"));
    }
    if metadata.text("client_id", &mut faults).as_deref() != Some(&record.client_id) {
        faults.push(Fault::new("client_id", "an update holds the client_id of its client"));
    }
    if let Some(secret) = metadata.text("client_secret", &mut faults)
        && !secret_hash::check(record.secret.clone(), &secret).await?
    {
        faults.push(Fault::new("client_secret", "it is not the client's secret: leave it out"));
    }
    Ok(refuse(faults)?)
}
