//! The clients of the database, as this process remembers them.
//!
//! What was read is kept, keys included, until the client changes: at once when this process changes it, within
//! `POLL` when another one does. While the database cannot be asked for changes, nothing is remembered. Memory is bounded
//! by bytes, because others choose the ids, and an id that no client can have is not looked up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dropins_keys::ClientKey;
use dropins_services::{Clock, PublicKey as _, Unavailable};
use futures_util::future::BoxFuture;
use moka::sync::Cache;
use tokio_util::task::AbortOnDropHandle;

use super::registered::RegisteredClient;
use dropins_database::StoreError;
use dropins_protocol::FederatedSubject;
use dropins_protocol::names::MAX_NAME;
use dropins_store::clients::{Changes, ClientError, ClientRecord, IdentityStore, KeyUse};

/// How often another process's changes are looked for.
const POLL: Duration = Duration::from_secs(2);

/// Bytes of the clients that are remembered, prepared keys included: about 20 000 of usual size.
const REMEMBERED: u64 = 64 << 20;

/// Bytes of the unknown ids that are remembered.
const UNKNOWN: u64 = 1 << 20;

/// How long an id stays unknown; changes that are found earlier end it.
const UNKNOWN_FOR: Duration = Duration::from_secs(10);

/// What an entry of a cache takes besides what it holds, in bytes.
const ENTRY: usize = 256;

/// Clients of one page: enough to make a pass over all of them cheap, few enough to hold in memory.
const PAGE: usize = 500;

/// The clients of the database.
pub struct StoredClients {
    store: IdentityStore,
    clock: Arc<dyn Clock>,
    remembered: Cache<String, Arc<RegisteredClient>>,
    /// Ids that no client had: a cache of its own, so that they do not push clients out.
    unknown: Cache<String, ()>,
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
            remembered: Cache::builder()
                .max_capacity(REMEMBERED)
                .weigher(|_, client: &Arc<RegisteredClient>| weight(client.memory()))
                .build(),
            unknown: Cache::builder()
                .max_capacity(UNKNOWN)
                .weigher(|client_id: &String, ()| weight(client_id.len()))
                .time_to_live(UNKNOWN_FOR)
                .build(),
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
    pub fn find<'a>(&'a self, client_id: &'a str) -> BoxFuture<'a, Result<Option<Arc<RegisteredClient>>, Unavailable>> {
        Box::pin(async move {
            if let Some(remembered) = self.remembered.get(client_id) {
                return Ok(Some(remembered));
            }
            if client_id.len() > MAX_NAME || self.unknown.contains_key(client_id) {
                return Ok(None);
            }
            let before = self.forgotten.load(Ordering::SeqCst);
            let record = self.store.find(client_id).await?;
            let client = record.map(|record| Arc::new(self.prepare(record)));
            match &client {
                Some(client) => self.remembered.insert(client_id.to_owned(), Arc::clone(client)),
                None => self.unknown.insert(client_id.to_owned(), ()),
            }
            if self.forgotten.load(Ordering::SeqCst) != before {
                self.remembered.invalidate(client_id);
                self.unknown.invalidate(client_id);
            }
            Ok(client)
        })
    }

    /// The client that is known by this subject, enabled or not.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked.
    pub async fn find_subject(&self, pair: &FederatedSubject) -> Result<Option<Arc<RegisteredClient>>, Unavailable> {
        let Some(client_id) = self.store.find_subject(pair).await? else { return Ok(None) };
        // The registration decides: the client may have lost the subject meanwhile.
        Ok(self.find(&client_id).await?.filter(|client| client.federated.contains(pair)))
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
    pub fn insert(&self, mut record: ClientRecord) -> BoxFuture<'_, Result<ClientRecord, ClientError>> {
        Box::pin(async move {
            record.created_at = self.clock.now_seconds();
            record.updated_at = record.created_at;
            self.store.insert(record.clone()).await?;
            Ok(self.changed(record).await)
        })
    }

    /// Replaces a client that was read before; its time and its revision are set here.
    ///
    /// # Errors
    /// [`ClientError`] says why it was not replaced.
    pub fn update(&self, mut record: ClientRecord) -> BoxFuture<'_, Result<ClientRecord, ClientError>> {
        Box::pin(async move {
            record.updated_at = self.clock.now_seconds();
            self.store.update(record.clone()).await?;
            Ok(self.changed(record).await)
        })
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
        self.unknown.invalidate(client_id);
    }

    fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.remembered.invalidate_all();
        self.unknown.invalidate_all();
    }

    /// Asks the database for changes and forgets what is no longer right.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked; everything is forgotten then.
    pub fn refresh(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.follow().await.inspect_err(|_| {
                self.forget_all();
                // Whatever changes until the database is back is found by comparing anew.
                self.version.store(u64::MAX, Ordering::SeqCst);
            })
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

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_add(ENTRY)).unwrap_or(u32::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_keys::{KeyFamily, SigningKey};
    use dropins_services::FixedClock;

    fn clients() -> (StoredClients, tempfile::TempDir) {
        let (database, folder) = dropins_store::testing::database();
        (StoredClients::new(IdentityStore::new(database), Arc::new(FixedClock::at(1_000_000))), folder)
    }

    #[tokio::test]
    async fn an_id_that_is_too_long_is_unknown_before_the_database_is_asked() {
        let (clients, folder) = clients();
        std::fs::remove_file(folder.path().join("identity.db")).unwrap();
        std::fs::create_dir(folder.path().join("identity.db")).unwrap();
        assert!(clients.find(&"x".repeat(MAX_NAME)).await.is_err(), "the database is asked");
        assert!(clients.find(&"x".repeat(MAX_NAME + 1)).await.unwrap().is_none());
        clients.unknown.run_pending_tasks();
        assert_eq!(clients.unknown.entry_count(), 0);
    }

    #[tokio::test]
    async fn unknown_ids_push_no_client_out_and_take_bounded_memory() {
        let (clients, _folder) = clients();
        let known = ClientRecord { client_id: "c".to_owned(), ..ClientRecord::default() };
        clients.insert(known).await.unwrap();
        clients.find("c").await.unwrap().unwrap();
        for number in 0..20_000 {
            clients.unknown.insert(format!("{number:0>255}"), ());
        }
        clients.find("nobody").await.unwrap();
        clients.unknown.run_pending_tasks();
        assert!(clients.unknown.weighted_size() <= UNKNOWN && clients.unknown.entry_count() > 1_000);
        assert!(clients.remembered.contains_key("c"));
        assert!(!clients.remembered.contains_key("nobody"));
    }

    #[tokio::test]
    async fn a_client_weighs_what_it_holds() {
        let jwks = |count: usize| {
            let keys: Vec<_> =
                (0..count).map(|_| SigningKey::generate(KeyFamily::P256).unwrap().public_jwk()).collect();
            Some(serde_json::json!({ "keys": keys }).to_string())
        };
        let memory = |record| RegisteredClient::of_record(record, 0).0.memory();
        let bare = memory(ClientRecord { client_id: "c".to_owned(), ..ClientRecord::default() });
        let (one, eight) = (
            memory(ClientRecord { client_id: "c".to_owned(), jwks: jwks(1), ..ClientRecord::default() }),
            memory(ClientRecord { client_id: "c".to_owned(), jwks: jwks(8), ..ClientRecord::default() }),
        );
        assert_eq!(eight - bare, 8 * (one - bare));
        let long = ClientRecord {
            client_id: "c".to_owned(),
            redirect_uris: vec!["https://c.example/".repeat(100)],
            ..ClientRecord::default()
        };
        assert!(memory(long) >= bare + 1_800);
    }
}
