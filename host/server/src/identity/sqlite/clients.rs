//! The tables `DROPINS_CLIENT` and `DROPINS_CLIENT_CHANGE`.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, ToSql, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::identity::record::ClientRecord;
use crate::identity::store::{Changes, StoreError};
use crate::identity::token_hash::TokenHash;
use crate::secret_hash::SecretHash;

const FIND: &str = "SELECT * FROM DROPINS_CLIENT WHERE CLIENT_ID = ?1";
const PAGE: &str = "SELECT * FROM DROPINS_CLIENT WHERE CLIENT_ID > ?1 ORDER BY CLIENT_ID LIMIT ?2";
const INSERT: &str = "
    INSERT INTO DROPINS_CLIENT
        (CLIENT_ID, CLIENT_NAME, ENABLED, AUTH_METHOD, SIGNING_ALG, GRANT_TYPES, REDIRECT_URIS, SCOPES, SECRET_HASH,
         CERTIFICATE, JWKS, JWKS_URI, OVERRIDES, REGISTRATION_TOKEN, REVISION, TIME_CREATED, TIME_UPDATED)
    VALUES
        (:client_id, :name, :enabled, :auth_method, :signing_alg, :grant_types, :redirect_uris, :scopes, :secret,
         :certificate, :jwks, :jwks_uri, :overrides, :registration_token, :revision + 1, :created_at, :updated_at)";
const UPDATE: &str = "
    UPDATE DROPINS_CLIENT SET
        CLIENT_NAME = :name, ENABLED = :enabled, AUTH_METHOD = :auth_method, SIGNING_ALG = :signing_alg,
        GRANT_TYPES = :grant_types, REDIRECT_URIS = :redirect_uris, SCOPES = :scopes, SECRET_HASH = :secret,
        CERTIFICATE = :certificate, JWKS = :jwks, JWKS_URI = :jwks_uri, OVERRIDES = :overrides,
        REGISTRATION_TOKEN = :registration_token, REVISION = :revision + 1, TIME_CREATED = :created_at,
        TIME_UPDATED = :updated_at
    WHERE CLIENT_ID = :client_id AND REVISION = :revision";

pub(super) fn find(connection: &Connection, client_id: &str) -> Result<Option<ClientRecord>, StoreError> {
    Ok(connection.prepare_cached(FIND)?.query_row([client_id], read).optional()?)
}

pub(super) fn page(connection: &Connection, after: &str, limit: usize) -> Result<Vec<ClientRecord>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(PAGE)?;
    let clients = statement.query_map((after, limit), read)?.collect::<Result<_, _>>()?;
    Ok(clients)
}

pub(super) fn count(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM DROPINS_CLIENT", [], |row| row.get(0))?)
}

pub(super) fn insert(connection: &Connection, client: &ClientRecord) -> Result<(), StoreError> {
    match write(connection, INSERT, client) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::Exists { client_id: client.client_id.clone() })
        }
        other => other.map(drop).map_err(StoreError::from),
    }
}

pub(super) fn update(connection: &Connection, client: &ClientRecord) -> Result<(), StoreError> {
    if write(connection, UPDATE, client)? == 1 {
        return Ok(());
    }
    let client_id = client.client_id.clone();
    Err(match find(connection, &client_id)? {
        Some(_) => StoreError::Changed { client_id },
        None => StoreError::Unknown { client_id },
    })
}

pub(super) fn remove(connection: &Connection, client_id: &str) -> Result<bool, StoreError> {
    Ok(connection.execute("DELETE FROM DROPINS_CLIENT WHERE CLIENT_ID = ?1", [client_id])? == 1)
}

pub(super) fn version(connection: &Connection) -> Result<u64, StoreError> {
    let latest = "SELECT coalesce(max(VERSION), 0) FROM DROPINS_CLIENT_CHANGE";
    Ok(connection.prepare_cached(latest)?.query_row([], |row| row.get(0))?)
}

pub(super) fn changes(connection: &Connection, since: u64) -> Result<Changes, StoreError> {
    let oldest = "SELECT coalesce(min(VERSION), 0) FROM DROPINS_CLIENT_CHANGE";
    let oldest: u64 = connection.query_row(oldest, [], |row| row.get(0))?;
    if oldest > since.saturating_add(1) {
        return Ok(Changes::TooMany);
    }
    let later = "SELECT CLIENT_ID FROM DROPINS_CLIENT_CHANGE WHERE VERSION > ?1";
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let clients = connection.prepare(later)?.query_map([since], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(Changes::Clients(clients))
}

fn write(connection: &Connection, sql: &str, client: &ClientRecord) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(named_params! {
        ":client_id": client.client_id,
        ":name": client.name,
        ":enabled": client.enabled,
        ":auth_method": client.auth_method,
        ":signing_alg": client.signing_alg,
        ":grant_types": Json(&client.grant_types),
        ":redirect_uris": Json(&client.redirect_uris),
        ":scopes": Json(&client.scopes),
        ":secret": client.secret.as_ref().map(SecretHash::phc),
        ":certificate": client.certificate,
        ":jwks": client.jwks,
        ":jwks_uri": client.jwks_uri,
        ":overrides": Json(&client.overrides),
        ":registration_token": client.registration_token.as_ref().map(TokenHash::as_str),
        ":revision": client.revision,
        ":created_at": client.created_at,
        ":updated_at": client.updated_at,
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<ClientRecord> {
    Ok(ClientRecord {
        client_id: row.get("CLIENT_ID")?,
        name: row.get("CLIENT_NAME")?,
        enabled: row.get("ENABLED")?,
        auth_method: row.get("AUTH_METHOD")?,
        signing_alg: row.get("SIGNING_ALG")?,
        grant_types: row.get::<_, Json<_>>("GRANT_TYPES")?.0,
        redirect_uris: row.get::<_, Json<_>>("REDIRECT_URIS")?.0,
        scopes: row.get::<_, Json<_>>("SCOPES")?.0,
        secret: row.get("SECRET_HASH")?,
        certificate: row.get("CERTIFICATE")?,
        jwks: row.get("JWKS")?,
        jwks_uri: row.get("JWKS_URI")?,
        overrides: row.get::<_, Json<_>>("OVERRIDES")?.0,
        registration_token: row.get::<_, Option<String>>("REGISTRATION_TOKEN")?.map(TokenHash::stored),
        revision: row.get("REVISION")?,
        created_at: row.get("TIME_CREATED")?,
        updated_at: row.get("TIME_UPDATED")?,
    })
}

/// A value that is stored as its JSON text.
struct Json<T>(T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text =
            serde_json::to_string(&self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

impl FromSql for SecretHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(FromSqlError::other)
    }
}
