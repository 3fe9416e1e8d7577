//! The table `DROPINS_CLIENT`.

use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use dropins_database::{Row, StoreError, Value};
use dropins_protocol::TokenAlgorithm;
use dropins_protocol::TokenHash;
use dropins_protocol::secret_hash::SecretHash;
use dropins_protocol::{ClientRecord, UpstreamClient};

pub(super) const FIND: &str = "SELECT * FROM DROPINS_CLIENT WHERE CLIENT_ID = ?";
pub(super) const PAGE: &str = "SELECT * FROM DROPINS_CLIENT WHERE CLIENT_ID > ? ORDER BY CLIENT_ID LIMIT ?";

/// The columns with their values, those of the next revision; `sealed` is the secret at the upstream.
fn columns(client: &ClientRecord, sealed: Option<&String>) -> Result<[(&'static str, Value); 23], StoreError> {
    Ok([
        ("CLIENT_ID", client.client_id.as_str().into()),
        ("CLIENT_NAME", client.name.as_ref().into()),
        ("ENABLED", client.enabled.into()),
        ("AUTH_METHOD", client.auth_method.as_ref().into()),
        ("SIGNING_ALG", client.signing_alg.as_ref().into()),
        ("ID_TOKEN_SIGNED_RESPONSE_ALG", client.id_token_signed_response_alg.map(TokenAlgorithm::name).into()),
        ("GRANT_TYPES", json(&client.grant_types)?),
        ("REDIRECT_URIS", json(&client.redirect_uris)?),
        ("POST_LOGOUT_REDIRECT_URIS", json(&client.post_logout_redirect_uris)?),
        ("SCOPES", json(&client.scopes)?),
        ("SECRET_HASH", client.secret.as_ref().map(SecretHash::phc).into()),
        ("CERTIFICATE", client.certificate.as_ref().into()),
        ("JWKS", client.jwks.as_ref().into()),
        ("JWKS_URI", client.jwks_uri.as_ref().into()),
        ("OVERRIDES", json(&client.overrides)?),
        ("UPSTREAM", client.upstream.issuer.as_ref().into()),
        ("UPSTREAM_CLIENT_ID", client.upstream.client_id.as_ref().into()),
        ("UPSTREAM_CLIENT_SECRET", sealed.into()),
        ("FEDERATED", json(&client.federated)?),
        ("REGISTRATION_TOKEN", client.registration_token.as_ref().map(TokenHash::as_str).into()),
        ("REVISION", client.revision.saturating_add(1).into()),
        ("TIME_CREATED", client.created_at.into()),
        ("TIME_UPDATED", client.updated_at.into()),
    ])
}

/// The statement that adds the client, with its values.
pub(super) fn insert(client: &ClientRecord, sealed: Option<&String>) -> Result<(&'static str, Vec<Value>), StoreError> {
    static SQL: OnceLock<String> = OnceLock::new();
    let (names, values): (Vec<_>, Vec<_>) = columns(client, sealed)?.into_iter().unzip();
    let sql = SQL.get_or_init(|| {
        let marks = vec!["?"; names.len()].join(", ");
        format!("INSERT INTO DROPINS_CLIENT ({}) VALUES ({marks})", names.join(", "))
    });
    Ok((sql, values))
}

/// The statement that replaces the revision of the client that was read, with its values.
pub(super) fn update(client: &ClientRecord, sealed: Option<&String>) -> Result<(&'static str, Vec<Value>), StoreError> {
    static SQL: OnceLock<String> = OnceLock::new();
    let (names, mut values): (Vec<_>, Vec<_>) = columns(client, sealed)?.into_iter().unzip();
    let sql = SQL.get_or_init(|| {
        let columns = names.join(" = ?, ");
        format!("UPDATE DROPINS_CLIENT SET {columns} = ? WHERE CLIENT_ID = ? AND REVISION = ?")
    });
    values.extend([client.client_id.as_str().into(), client.revision.into()]);
    Ok((sql, values))
}

/// The sealed secret of a row, which [`read`] leaves out.
pub(super) fn sealed_secret(row: &Row) -> Result<Option<String>, StoreError> {
    row.optional_text("UPSTREAM_CLIENT_SECRET")
}

/// The client of a row of [`FIND`] or [`PAGE`], without its secret at the upstream.
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
        post_logout_redirect_uris: list(row, "POST_LOGOUT_REDIRECT_URIS")?,
        scopes: list(row, "SCOPES")?,
        secret: secret.map_err(|error| StoreError::corrupt(format_args!("SECRET_HASH: {error}")))?,
        certificate: row.optional_text("CERTIFICATE")?,
        jwks: row.optional_text("JWKS")?,
        jwks_uri: row.optional_text("JWKS_URI")?,
        overrides: list(row, "OVERRIDES")?,
        upstream: UpstreamClient {
            issuer: row.optional_text("UPSTREAM")?,
            client_id: row.optional_text("UPSTREAM_CLIENT_ID")?,
            secret: None,
        },
        federated: list(row, "FEDERATED")?,
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
