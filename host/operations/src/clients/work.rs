//! Registering, changing and removing a client of the database.

use dropins_config::Fault;
use dropins_live::upstream_lack;
use dropins_protocol::{ClientRecord, Secret, names, random, secret_hash};
use futures_util::future::BoxFuture;

use super::change::Change;
use super::error::ClientsError;
use super::registry::Registry;

/// A client that was added or changed.
#[derive(Debug)]
pub struct Done {
    /// As it is stored now.
    pub record: ClientRecord,
    /// Its new secret, which is known here and nowhere else.
    pub secret: Option<Secret>,
    /// What its owner should know although it is accepted.
    pub warnings: Vec<Fault>,
    /// What it lacks to be known at its upstream.
    pub lack: Option<String>,
}

/// A client that was removed.
#[derive(Debug)]
pub struct Removed {
    /// As it was stored.
    pub record: ClientRecord,
    /// Whether the file declares one of the same id, which keeps what it was granted.
    pub stays: bool,
}

/// Registers a client; a random id is made if none is given.
///
/// A client with keys authenticates by private_key_jwt unless another method is given, and the methods client_secret_*
/// imply a new secret.
///
/// # Errors
/// [`ClientsError`] says why it is not registered.
pub fn add<'a>(
    registry: &'a Registry,
    client_id: Option<String>,
    change: &'a Change,
) -> BoxFuture<'a, Result<Done, ClientsError>> {
    Box::pin(async move {
        let client_id = match client_id {
            Some(client_id) => client_id,
            None => random::new_client_id()?,
        };
        if registry.declared(&client_id).is_some() {
            return Err(ClientsError::Taken { client_id, file: registry.home.deployment_toml() });
        }
        let mut record = ClientRecord { client_id, enabled: true, ..ClientRecord::default() };
        change.apply(&mut record);
        registry.named(&mut record);
        if record.grant_types.is_empty() {
            let public = record.auth_method.as_deref() == Some(names::NONE);
            let default = if public { names::AUTHORIZATION_CODE } else { names::CLIENT_CREDENTIALS };
            record.grant_types.push(default.to_owned());
        }
        let has_keys = record.certificate.is_some() || record.jwks.is_some() || record.jwks_uri.is_some();
        if record.auth_method.is_none() && has_keys && !change.new_secret {
            record.auth_method = Some(names::PRIVATE_KEY_JWT.to_owned());
        }
        let by_secret = record.auth_method.as_deref().is_some_and(|method| method.starts_with("client_secret_"));
        let secret = give_secret(&mut record, change.new_secret || by_secret).await?;
        let warnings = registry.check(&record).await?;
        let record = registry.stored.insert(record).await?;
        let lack = upstream_lack(&registry.deployment, &record);
        Ok(Done { record, secret, warnings, lack })
    })
}

/// Changes a client of the database.
///
/// # Errors
/// [`ClientsError`] says why it is not changed.
pub fn change<'a>(
    registry: &'a Registry,
    client_id: &'a str,
    change: &'a Change,
) -> BoxFuture<'a, Result<Done, ClientsError>> {
    Box::pin(async move {
        if change.is_empty() {
            return Err(ClientsError::Nothing);
        }
        let mut record = registry.stored(client_id).await?;
        change.apply(&mut record);
        registry.named(&mut record);
        let secret = give_secret(&mut record, change.new_secret).await?;
        let warnings = registry.check(&record).await?;
        let record = registry.stored.update(record).await?;
        let lack = upstream_lack(&registry.deployment, &record);
        Ok(Done { record, secret, warnings, lack })
    })
}

/// Removes a client of the database, and revokes what it was granted unless the file declares it too.
///
/// # Errors
/// [`ClientsError`] says why it is not removed.
pub fn remove<'a>(registry: &'a Registry, client_id: &'a str) -> BoxFuture<'a, Result<Removed, ClientsError>> {
    Box::pin(async move {
        let record = registry.stored(client_id).await?;
        let stays = registry.declared(&record.client_id).is_some();
        registry.stored.remove(&record.client_id, stays).await?;
        Ok(Removed { record, stays })
    })
}

async fn give_secret(record: &mut ClientRecord, wanted: bool) -> Result<Option<Secret>, ClientsError> {
    if !wanted {
        return Ok(None);
    }
    let secret = random::new_client_secret()?;
    record.secret = Some(secret_hash::create(secret.clone()).await?);
    Ok(Some(secret))
}
