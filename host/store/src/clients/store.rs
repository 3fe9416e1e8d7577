//! The tables of clients and of their keys, as one thing.

use futures_util::future::BoxFuture;

use super::changes::{self, Changes};
use super::error::ClientError;
use super::key_use::KeyUse;
use super::key_uses;
use super::rows;
use super::sealed::Seal;
use super::subjects;
use crate::grants::revocation;
use dropins_database::{Database, Row, StoreError, retry_on_conflict};
use dropins_protocol::{ClientRecord, FederatedSubject};

/// Rows of one transaction of the ledger, so that other writers wait for a short one.
const LEDGER_BATCH: usize = 100;

/// Registered clients and the ledger of their keys.
///
/// Every change of a client gets a number that is higher than all before it, so that other processes learn with one
/// small read whether what they remember is still right.
#[derive(Debug, Clone)]
pub struct IdentityStore(Database, Seal);

/// What became of a client that was to be written.
enum Written {
    Yes,
    /// There is one of this id, or none of this revision.
    No,
    /// Another client has this subject.
    Taken(FederatedSubject),
}

impl IdentityStore {
    /// The clients of this database.
    pub fn new(database: Database) -> Self {
        Self(database, Seal::default())
    }

    /// The client with this id.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or the row is damaged.
    pub fn find<'a>(&'a self, client_id: &'a str) -> BoxFuture<'a, Result<Option<ClientRecord>, StoreError>> {
        Box::pin(async move {
            let rows = self.0.query(rows::FIND, vec![client_id.into()]).await?;
            match rows.first() {
                Some(row) => self.read(row).await.map(Some),
                None => Ok(None),
            }
        })
    }

    async fn read(&self, row: &Row) -> Result<ClientRecord, StoreError> {
        let mut client = rows::read(row)?;
        if let Some(sealed) = rows::sealed_secret(row)? {
            client.upstream.secret = Some(self.1.open(&self.0, &client.client_id, &sealed).await?);
        }
        Ok(client)
    }

    /// The column of the client's secret at the upstream.
    async fn sealed(&self, client: &ClientRecord) -> Result<Option<String>, StoreError> {
        match &client.upstream.secret {
            Some(secret) => self.1.seal(&self.0, &client.client_id, secret).await.map(Some),
            None => Ok(None),
        }
    }

    /// The id of the client that is known by this subject.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn find_subject(&self, pair: &FederatedSubject) -> Result<Option<String>, StoreError> {
        subjects::owner(&self.0, pair).await
    }

    /// Who has a subject that a client cannot have.
    async fn taken(&self, pair: FederatedSubject) -> Result<ClientError, StoreError> {
        let owner = self.find_subject(&pair).await?.unwrap_or_default();
        let FederatedSubject { issuer, subject } = pair;
        Ok(ClientError::SubjectTaken { issuer, subject, owner })
    }

    /// At most `limit` clients whose id comes after `after`, in the byte order of their ids.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or a row is damaged.
    pub fn page<'a>(&'a self, after: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<ClientRecord>, StoreError>> {
        Box::pin(async move {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = self.0.query(rows::PAGE, vec![after.into(), limit.into()]).await?;
            let mut clients = Vec::with_capacity(rows.len());
            for row in &rows {
                clients.push(self.read(row).await?);
            }
            Ok(clients)
        })
    }

    /// How many clients there are.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let rows = self.0.query("SELECT count(*) FROM DROPINS_CLIENT", vec![]).await?;
        rows.first().map_or(Ok(0), |row| row.unsigned(0))
    }

    /// Adds a client.
    ///
    /// # Errors
    /// [`ClientError::Exists`] when there is one with this id, [`ClientError::SubjectTaken`] when another one has one of
    /// its subjects.
    pub fn insert(&self, client: ClientRecord) -> BoxFuture<'_, Result<(), ClientError>> {
        Box::pin(async move {
            let sealed = self.sealed(&client).await?;
            let (sql, values) = rows::insert(&client, sealed.as_ref())?;
            let added = retry_on_conflict(|| async {
                let mut transaction = self.0.begin().await?;
                match transaction.execute(sql, values.clone()).await {
                    Err(StoreError::Duplicate) => return Ok(Written::No),
                    other => other?,
                };
                if let Some(taken) = subjects::replace(&mut transaction, &client).await? {
                    return Ok(Written::Taken(taken));
                }
                changes::note(&mut transaction, &client.client_id).await?;
                transaction.commit().await.map(|()| Written::Yes)
            });
            match added.await? {
                Written::Yes => Ok(()),
                Written::No => Err(ClientError::Exists { client_id: client.client_id }),
                Written::Taken(pair) => Err(self.taken(pair).await?),
            }
        })
    }

    /// Replaces a client.
    ///
    /// # Errors
    /// [`ClientError::Unknown`] when there is none with this id, [`ClientError::Changed`] when it is not the revision
    /// that was read, [`ClientError::SubjectTaken`] when another one has one of its subjects.
    pub fn update(&self, client: ClientRecord) -> BoxFuture<'_, Result<(), ClientError>> {
        Box::pin(async move {
            let sealed = self.sealed(&client).await?;
            let (sql, values) = rows::update(&client, sealed.as_ref())?;
            let replaced = retry_on_conflict(|| async {
                let mut transaction = self.0.begin().await?;
                if transaction.execute(sql, values.clone()).await? == 0 {
                    return Ok(Written::No);
                }
                if let Some(taken) = subjects::replace(&mut transaction, &client).await? {
                    return Ok(Written::Taken(taken));
                }
                changes::note(&mut transaction, &client.client_id).await?;
                transaction.commit().await.map(|()| Written::Yes)
            });
            match replaced.await? {
                Written::Yes => return Ok(()),
                Written::Taken(pair) => return Err(self.taken(pair).await?),
                Written::No => {}
            }
            let there = self.0.query(rows::FIND, vec![client.client_id.as_str().into()]).await?;
            let client_id = client.client_id;
            Err(match there.is_empty() {
                false => ClientError::Changed { client_id },
                true => ClientError::Unknown { client_id },
            })
        })
    }

    /// Deletes a client with its key-use records, consents and grants, so that a client registered later under the same id
    /// inherits nothing; returns whether there was one. `stays`: a client of this id is also declared by the configuration,
    /// and keeps its grants. `now` in seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn remove(&self, client_id: &str, stays: bool, now: u64) -> Result<bool, StoreError> {
        if !stays {
            revocation::revoke_for_client_in_batches(&self.0, client_id, now).await?;
        }
        let removed = retry_on_conflict(|| async {
            let mut transaction = self.0.begin().await?;
            let sql = "DELETE FROM DROPINS_CLIENT WHERE CLIENT_ID = ?";
            if transaction.execute(sql, vec![client_id.into()]).await? == 0 {
                return Ok(false);
            }
            transaction.execute("DELETE FROM DROPINS_KEY_USE WHERE CLIENT_ID = ?", vec![client_id.into()]).await?;
            subjects::remove(&mut transaction, client_id).await?;
            if !stays {
                revocation::revoke_for_client(&mut transaction, client_id, now).await?;
                transaction.execute("DELETE FROM DROPINS_CONSENT WHERE CLIENT_ID = ?", vec![client_id.into()]).await?;
            }
            changes::note(&mut transaction, client_id).await?;
            transaction.commit().await.map(|()| true)
        });
        removed.await
    }

    /// The number of the latest change.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn version(&self) -> Result<u64, StoreError> {
        changes::latest(&self.0).await
    }

    /// Which clients changed after this number.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub fn changes(&self, since: u64) -> BoxFuture<'_, Result<Changes, StoreError>> {
        Box::pin(async move { changes::after(&self.0, since).await })
    }

    /// Writes into the ledger. The first sight of a key stays, its last use only moves on.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub fn record(&self, uses: Vec<KeyUse>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            for batch in uses.chunks(LEDGER_BATCH) {
                match key_uses::record(&self.0, batch).await {
                    // Another node recorded the same key at the same time: it is there now.
                    Err(StoreError::Duplicate | StoreError::Conflict) => key_uses::record(&self.0, batch).await?,
                    other => other?,
                }
            }
            Ok(())
        })
    }

    /// The ledger of one client, the last used key first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn uses(&self, client_id: &str) -> Result<Vec<KeyUse>, StoreError> {
        key_uses::of(&self.0, client_id).await
    }
}
