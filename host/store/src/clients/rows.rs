//! The table `DROPINS_CLIENT`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::record::ClientRecord;
use dropins_database::{Row, StoreError, Value};
use dropins_protocol::TokenAlgorithm;
use dropins_protocol::TokenHash;
use dropins_protocol::secret_hash::SecretHash;

pub(super) const FIND: &str = "SELECT * FROM DROPINS_CLIENT WHERE CLIENT_ID = ?";
pub(super) const PAGE: &str = "SELECT * FROM DROPINS_CLIENT WHERE CLIENT_ID > ? ORDER BY CLIENT_ID LIMIT ?";
pub(super) const INSERT: &str = "
    INSERT INTO DROPINS_CLIENT
        (CLIENT_NAME, ENABLED, AUTH_METHOD, SIGNING_ALG, GRANT_TYPES, REDIRECT_URIS, SCOPES, SECRET_HASH, CERTIFICATE,
         JWKS, JWKS_URI, OVERRIDES, REGISTRATION_TOKEN, ID_TOKEN_SIGNED_RESPONSE_ALG, TIME_CREATED, TIME_UPDATED, REVISION,
         CLIENT_ID)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
pub(super) const UPDATE: &str = "
    UPDATE DROPINS_CLIENT SET
        CLIENT_NAME = ?, ENABLED = ?, AUTH_METHOD = ?, SIGNING_ALG = ?, GRANT_TYPES = ?, REDIRECT_URIS = ?, SCOPES = ?,
        SECRET_HASH = ?, CERTIFICATE = ?, JWKS = ?, JWKS_URI = ?, OVERRIDES = ?, REGISTRATION_TOKEN = ?,
        ID_TOKEN_SIGNED_RESPONSE_ALG = ?, TIME_CREATED = ?, TIME_UPDATED = ?, REVISION = ?
    WHERE CLIENT_ID = ? AND REVISION = ?";

/// The values of [`INSERT`].
pub(super) fn inserted(client: &ClientRecord) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        client.name.as_ref().into(),
        client.enabled.into(),
        client.auth_method.as_ref().into(),
        client.signing_alg.as_ref().into(),
        json(&client.grant_types)?,
        json(&client.redirect_uris)?,
        json(&client.scopes)?,
        client.secret.as_ref().map(SecretHash::phc).into(),
        client.certificate.as_ref().into(),
        client.jwks.as_ref().into(),
        client.jwks_uri.as_ref().into(),
        json(&client.overrides)?,
        client.registration_token.as_ref().map(TokenHash::as_str).into(),
        client.id_token_signed_response_alg.map(TokenAlgorithm::name).into(),
        client.created_at.into(),
        client.updated_at.into(),
        client.revision.saturating_add(1).into(),
        client.client_id.as_str().into(),
    ])
}

/// The values of [`UPDATE`].
pub(super) fn updated(client: &ClientRecord) -> Result<Vec<Value>, StoreError> {
    let mut values = inserted(client)?;
    values.push(client.revision.into());
    Ok(values)
}

/// The client of a row of [`FIND`] or [`PAGE`].
pub(super) fn read(row: &Row) -> Result<ClientRecord, StoreError> {
    let secret = row.optional_text("SECRET_HASH")?.map(|phc| SecretHash::parse(&phc)).transpose();
    Ok(ClientRecord {
        client_id: row.text("CLIENT_ID")?,
        name: row.optional_text("CLIENT_NAME")?,
        enabled: row.boolean("ENABLED")?,
        auth_method: row.optional_text("AUTH_METHOD")?,
        signing_alg: row.optional_text("SIGNING_ALG")?,
        id_token_signed_response_alg: algorithm(row)?,
        grant_types: list(row, "GRANT_TYPES")?,
        redirect_uris: list(row, "REDIRECT_URIS")?,
        scopes: list(row, "SCOPES")?,
        secret: secret.map_err(|error| StoreError::corrupt(format_args!("SECRET_HASH: {error}")))?,
        certificate: row.optional_text("CERTIFICATE")?,
        jwks: row.optional_text("JWKS")?,
        jwks_uri: row.optional_text("JWKS_URI")?,
        overrides: list(row, "OVERRIDES")?,
        registration_token: row.optional_text("REGISTRATION_TOKEN")?.map(TokenHash::stored),
        revision: row.unsigned("REVISION")?,
        created_at: row.unsigned("TIME_CREATED")?,
        updated_at: row.unsigned("TIME_UPDATED")?,
    })
}

fn algorithm(row: &Row) -> Result<Option<TokenAlgorithm>, StoreError> {
    let column = "ID_TOKEN_SIGNED_RESPONSE_ALG";
    let known = |name: String| TokenAlgorithm::parse(&name).ok_or_else(|| StoreError::corrupt(column));
    row.optional_text(column)?.map(known).transpose()
}

fn json(list: &impl Serialize) -> Result<Value, StoreError> {
    serde_json::to_string(list).map(Value::from).map_err(StoreError::corrupt)
}

fn list<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(&row.text(column)?).map_err(|error| StoreError::corrupt(format_args!("{column}: {error}")))
}
