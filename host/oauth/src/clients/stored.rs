//! The clients of the database, as this process remembers them.
//!
//! What was read is kept, keys included, until the client changes: at once when this process changes it, within
//! `POLL` when another one does. While the database cannot be asked for changes, nothing is remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dropins_keys::ClientKey;
use dropins_services::{Clock, PublicKey as _, Unavailable};
use moka::sync::Cache;
use tokio_util::task::AbortOnDropHandle;

use super::registered::RegisteredClient;
use dropins_database::StoreError;
use dropins_store::clients::{Changes, ClientError, ClientRecord, IdentityStore, KeyUse};

/// How often another process's changes are looked for.
const POLL: Duration = Duration::from_secs(2);

/// Clients that are remembered, unknown ids included. A client with its prepared keys takes a few KiB.
const REMEMBERED: u64 = 20_000;

/// Clients of one page: enough to make a pass over all of them cheap, few enough to hold in memory.
const PAGE: usize = 500;

/// The clients of the database.
pub struct StoredClients {
    store: IdentityStore,
    clock: Arc<dyn Clock>,
    remembered: Cache<String, Option<Arc<RegisteredClient>>>,
    /// Grows before anything is forgotten, so that a read that began earlier does not bring it back.
    forgotten: AtomicU64,
    /// The number of the last change that is known here.
    version: AtomicU64,
    count: AtomicU64,
}

impl StoredClients {
    /// The clients of this database; nothing is read before it is asked for.
    pub fn new(store: IdentityStore, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            remembered: Cache::new(REMEMBERED),
            forgotten: AtomicU64::new(0),
            version: AtomicU64::new(0),
            count: AtomicU64::new(0),
        }
    }

    /// The database itself.
    pub fn store(&self) -> &IdentityStore {
        &self.store
    }

    /// How many clients there were when the database was last asked.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The client with this id, enabled or not.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked.
    pub async fn find(&self, client_id: &str) -> Result<Option<Arc<RegisteredClient>>, Unavailable> {
        if let Some(remembered) = self.remembered.get(client_id) {
            return Ok(remembered);
        }
        let before = self.forgotten.load(Ordering::SeqCst);
        let record = self.store.find(client_id).await?;
        let client = record.map(|record| Arc::new(self.prepare(record)));
        self.remembered.insert(client_id.to_owned(), client.clone());
        if self.forgotten.load(Ordering::SeqCst) != before {
            self.remembered.invalidate(client_id);
        }
        Ok(client)
    }

    /// The clients that follow this id, in the byte order of ids; none after the last one.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked.
    pub async fn page(&self, after: &str) -> Result<Vec<RegisteredClient>, Unavailable> {
        let records = self.store.page(after, PAGE).await?;
        let now = self.clock.now_seconds();
        let prepare = move || records.into_iter().map(|record| RegisteredClient::of_record(record, now).0).collect();
        tokio::task::spawn_blocking(prepare).await.map_err(|error| Unavailable::new("client directory", error))
    }

    fn prepare(&self, record: ClientRecord) -> RegisteredClient {
        let (client, findings) = RegisteredClient::of_record(record, self.clock.now_seconds());
        let client_id = client.registration.id.as_str();
        findings.iter().for_each(|finding| tracing::debug!(client_id, "{finding}"));
        client
    }

    /// Adds a client; its times and its revision are set here.
    ///
    /// # Errors
    /// [`ClientError`] says why it was not added.
    pub async fn insert(&self, mut record: ClientRecord) -> Result<ClientRecord, ClientError> {
        record.created_at = self.clock.now_seconds();
        record.updated_at = record.created_at;
        self.store.insert(record.clone()).await?;
        Ok(self.changed(record).await)
    }

    /// Replaces a client that was read before; its time and its revision are set here.
    ///
    /// # Errors
    /// [`ClientError`] says why it was not replaced.
    pub async fn update(&self, mut record: ClientRecord) -> Result<ClientRecord, ClientError> {
        record.updated_at = self.clock.now_seconds();
        self.store.update(record.clone()).await?;
        Ok(self.changed(record).await)
    }

    /// Removes a client and ends what it was granted, unless a client of this id `stays`, declared by the configuration;
    /// tells whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn remove(&self, client_id: &str, stays: bool) -> Result<bool, StoreError> {
        let removed = self.store.remove(client_id, stays, self.clock.now_seconds()).await?;
        self.forget(client_id);
        Ok(removed)
    }

    /// After a write: the client is read anew, and the ledger knows since when its keys are there.
    async fn changed(&self, mut record: ClientRecord) -> ClientRecord {
        self.forget(&record.client_id);
        let (client, _) = RegisteredClient::of_record(record.clone(), record.updated_at);
        if let Err(error) = self.store.record(seen(&client, record.updated_at)).await {
            tracing::warn!(client_id = record.client_id, %error, "the ledger does not know the client's keys yet");
        }
        record.revision += 1;
        record
    }

    fn forget(&self, client_id: &str) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.remembered.invalidate(client_id);
    }

    fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.remembered.invalidate_all();
    }

    /// Asks the database for changes and forgets what is no longer right.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked; everything is forgotten then.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.follow().await.inspect_err(|_| {
            self.forget_all();
            // Whatever changes until the database is back is found by comparing anew.
            self.version.store(u64::MAX, Ordering::SeqCst);
        })
    }

    async fn follow(&self) -> Result<(), StoreError> {
        let (known, latest) = (self.version.load(Ordering::SeqCst), self.store.version().await?);
        if latest == known {
            return Ok(());
        }
        // A number that is lower comes from another database: a restored backup, for example.
        let changes = if latest > known { self.store.changes(known).await? } else { Changes::TooMany };
        match changes {
            Changes::Clients(clients) => clients.iter().for_each(|client_id| self.forget(client_id)),
            Changes::TooMany => self.forget_all(),
        }
        self.count.store(self.store.count().await?, Ordering::Relaxed);
        self.version.store(latest, Ordering::SeqCst);
        Ok(())
    }

    /// Looks for changes every `POLL`.
    pub fn watch(self: Arc<Self>) -> AbortOnDropHandle<()> {
        let task = async move {
            let mut down = false;
            loop {
                tokio::time::sleep(POLL).await;
                match self.refresh().await {
                    Ok(()) => down = false,
                    Err(error) if !down => {
                        tracing::error!(%error, "changes of clients cannot be followed; clients are read anew each time");
                        down = true;
                    }
                    Err(_) => {}
                }
            }
        };
        AbortOnDropHandle::new(tokio::spawn(task))
    }
}

/// Ledger entries that say since when the keys of a registration are known.
pub(super) fn seen(client: &RegisteredClient, now: u64) -> Vec<KeyUse> {
    let describe = |key: &Arc<ClientKey>| {
        let description = key.describe();
        KeyUse {
            client_id: client.registration.id.clone(),
            thumbprint: description.thumbprint,
            source: description.source,
            first_seen: now,
            last_used: None,
        }
    };
    client.keys.own().iter().map(describe).collect()
}
