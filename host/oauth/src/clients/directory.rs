//! The client directory: what `deployment.toml` declares, what the database holds besides, and what documents describe.
//!
//! The file wins, also when it disables a client, and a registered client goes before a document. A disabled client is not found; that a secret is wrong and that a
//! client has none look the same.

use std::collections::HashMap;
use std::sync::Arc;

use dropins_keys::StaticKeySource;
use dropins_keys::keystore::StoreLookupError;
use dropins_services::{
    ClientDirectory, KeyDescription, KeyHint, KeyLookupError, KeySource, PublicKey, Registration, Unavailable,
};
use futures_util::future::BoxFuture;

use super::client_id_url::is_url;
use super::documents::{DocumentClients, NoDocument};
use super::external::ExternalKeys;
use super::issuers::TrustedIssuers;
use super::registered::RegisteredClient;
use super::stored::StoredClients;
use dropins_protocol::FederatedSubject;
use dropins_protocol::names::MAX_NAME;
use dropins_protocol::secret_hash;

/// All clients of one configuration.
pub struct Directory {
    declared: HashMap<String, Arc<RegisteredClient>>,
    /// The declared clients by the subjects that they are known by.
    subjects: HashMap<FederatedSubject, Arc<RegisteredClient>>,
    issuers: TrustedIssuers,
    stored: Arc<StoredClients>,
    external: ExternalKeys,
    /// The same without the keystore.
    published: ExternalKeys,
    /// Clients that are described by a document at their id.
    documents: Option<Arc<DocumentClients>>,
    decoys: StaticKeySource,
}

/// A key as the expiry radar sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKeyFact {
    /// The client.
    pub client_id: String,
    /// SHA-256 thumbprint of the JWK, base64url (RFC 7638).
    pub thumbprint: String,
    /// Where the key was registered.
    pub source: String,
    /// End of the certificate's validity, seconds since the Unix epoch; none for a bare key.
    pub not_after: Option<i64>,
}

impl Directory {
    /// The declared clients before those of the database, and these before those that documents describe.
    pub fn new(
        declared: impl IntoIterator<Item = RegisteredClient>,
        stored: Arc<StoredClients>,
        external: ExternalKeys,
    ) -> Self {
        let declared = declared.into_iter().map(|client| (client.registration.id.clone(), Arc::new(client)));
        let declared: HashMap<_, _> = declared.collect();
        let pairs = |client: &Arc<RegisteredClient>| {
            let client = Arc::clone(client);
            client.federated.clone().into_iter().map(move |pair| (pair, Arc::clone(&client)))
        };
        let subjects = declared.values().flat_map(pairs).collect();
        let published = ExternalKeys { keystore: None, ..external.clone() };
        let decoys = StaticKeySource::new(HashMap::new());
        let issuers = TrustedIssuers::default();
        Self { declared, subjects, issuers, stored, external, published, documents: None, decoys }
    }

    /// The same with clients that documents describe.
    #[must_use]
    pub fn with_documents(self, documents: Option<Arc<DocumentClients>>) -> Self {
        Self { documents, ..self }
    }

    /// The same with these trusted issuers.
    #[must_use]
    pub fn trusting(self, issuers: TrustedIssuers) -> Self {
        Self { issuers, ..self }
    }

    /// The trusted issuers.
    pub fn issuers(&self) -> &TrustedIssuers {
        &self.issuers
    }

    /// The enabled client that is known by this subject. A pair of the file hides that of the database, and so does a
    /// client.
    async fn find_subject(&self, pair: &FederatedSubject) -> Result<Option<Arc<RegisteredClient>>, Unavailable> {
        let found = match self.subjects.get(pair) {
            Some(client) => Some(Arc::clone(client)),
            None => {
                let stored = self.stored.find_subject(pair).await?;
                stored.filter(|client| !self.declared.contains_key(&client.registration.id))
            }
        };
        Ok(found.filter(|client| client.enabled))
    }

    /// The enabled client with this id. An id over 255 bytes is unknown before any look-up.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked about a client that is not declared.
    pub fn find<'a>(&'a self, client_id: &'a str) -> BoxFuture<'a, Result<Option<Arc<RegisteredClient>>, Unavailable>> {
        Box::pin(async move {
            if client_id.len() > MAX_NAME {
                return Ok(None);
            }
            // A registered client that is disabled is not replaced by a document.
            match (self.registered(client_id).await?, &self.documents) {
                (Some(client), _) => Ok(Some(client).filter(|client| client.enabled)),
                (None, Some(documents)) if is_url(client_id) => Ok(documents.find(client_id).await.ok()),
                (None, _) => Ok(None),
            }
        })
    }

    async fn registered(&self, client_id: &str) -> Result<Option<Arc<RegisteredClient>>, Unavailable> {
        match self.declared.get(client_id) {
            Some(client) => Ok(Some(Arc::clone(client))),
            None => self.stored.find(client_id).await,
        }
    }

    /// The clients that documents describe, if the operator wants any.
    pub fn documents(&self) -> Option<&Arc<DocumentClients>> {
        self.documents.as_ref()
    }

    /// Why no document describes a client of this id, for an operator; `None` if one does, if the client is registered, or
    /// if the id is no URL.
    pub async fn lacks_document(&self, client_id: &str) -> Option<NoDocument> {
        let is_registered = || async { matches!(self.registered(client_id).await, Ok(Some(_))) };
        if !is_url(client_id) || is_registered().await {
            return None;
        }
        match &self.documents {
            Some(documents) => documents.find(client_id).await.err(),
            None => Some(NoDocument::Off),
        }
    }

    /// The clients of the file, in no particular order.
    pub fn declared(&self) -> impl Iterator<Item = &Arc<RegisteredClient>> {
        self.declared.values()
    }

    /// Subjects that the file gives to a client although the database gives them to another, with that one.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked.
    pub fn subject_clashes(&self) -> BoxFuture<'_, Result<Vec<(FederatedSubject, String)>, Unavailable>> {
        Box::pin(async move {
            let mut clashes = Vec::new();
            for (pair, client) in &self.subjects {
                let stored = self.stored.find_subject(pair).await?.map(|stored| stored.registration.id.clone());
                clashes.extend(stored.filter(|id| *id != client.registration.id).map(|id| (pair.clone(), id)));
            }
            clashes.sort();
            Ok(clashes)
        })
    }

    /// How many clients there are: those of the file, and those that the database had when it was last asked.
    pub fn count(&self) -> u64 {
        self.stored.count().saturating_add(self.declared.len() as u64)
    }

    /// Ids that the file declares although the database has them too.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked.
    pub fn clashes(&self) -> BoxFuture<'_, Result<Vec<String>, Unavailable>> {
        Box::pin(async move {
            let mut clashes = Vec::new();
            for client_id in self.declared.keys() {
                if self.stored.find(client_id).await?.is_some() {
                    clashes.push(client_id.clone());
                }
            }
            clashes.sort();
            Ok(clashes)
        })
    }

    /// Where the keys of this client are looked for besides its registration.
    fn sources_of(&self, client: &RegisteredClient) -> &ExternalKeys {
        match &self.documents {
            Some(documents) if client.host.is_some() => documents.keys(),
            _ if client.may_use_keystore() => &self.external,
            _ => &self.published,
        }
    }

    async fn show_keys(&self, client: &RegisteredClient, visit: &mut (dyn FnMut(ClientKeyFact) + Send)) {
        if !client.enabled {
            return;
        }
        let client_id = &client.registration.id;
        let stored = match &self.external.keystore {
            // An alias that is no client's has no key to show.
            Some(keystore) if client.keys.in_keystore() && client.may_use_keystore() => {
                keystore.certificate(client_id).await.unwrap_or_default()
            }
            _ => Arc::default(),
        };
        for key in client.keys.own().iter().chain(stored.keys()) {
            let KeyDescription { thumbprint, source, not_after, .. } = key.describe();
            visit(ClientKeyFact { client_id: client_id.clone(), thumbprint, source, not_after });
        }
    }

    /// Shows every registered key of every enabled client, those in the keystore included.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked; some keys may have been shown by then.
    pub fn visit_keys<'a>(
        &'a self,
        visit: &'a mut (dyn FnMut(ClientKeyFact) + Send),
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        Box::pin(async move {
            for client in self.declared.values() {
                self.show_keys(client, visit).await;
            }
            let mut after = String::new();
            loop {
                let page = self.stored.page(&after).await?;
                let Some(last) = page.last() else { return Ok(()) };
                after.clone_from(&last.registration.id);
                let effective = page.iter().filter(|client| !self.declared.contains_key(&client.registration.id));
                for client in effective {
                    self.show_keys(client, visit).await;
                }
            }
        })
    }
}

#[async_trait::async_trait]
impl ClientDirectory for Directory {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        Ok(self.find(client_id).await?.map(|client| client.registration.clone()))
    }

    async fn lookup_subject(&self, issuer: &str, subject: &str) -> Result<Option<Registration>, Unavailable> {
        let Some(settings) = self.issuers.settings(issuer) else { return Ok(None) };
        let pair = FederatedSubject { issuer: issuer.to_owned(), subject: subject.to_owned() };
        let Some(client) = self.find_subject(&pair).await? else { return Ok(None) };
        let mut registration = client.registration.clone();
        registration.settings.extend_from_slice(settings);
        Ok(Some(registration))
    }

    async fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, Unavailable> {
        let hash = self.find(client_id).await?.and_then(|client| client.secret.clone());
        secret_hash::check(hash, secret).await
    }
}

#[async_trait::async_trait]
impl KeySource for Directory {
    async fn candidates(&self, client_id: &str, hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        let Some(client) = self.find(client_id).await? else { return Ok(Vec::new()) };
        let sources = self.sources_of(&client);
        // The entry may be found without regard to case only if no other client has its alias as id.
        if let Some(keystore) = sources.keystore.as_ref().filter(|_| client.keys.in_keystore())
            && let Some(alias) = keystore.folded_alias(client_id)
            && self.find(&alias).await?.is_some()
        {
            return Err(StoreLookupError::other_client(client_id, alias).into());
        }
        client.keys.candidates(client_id, hint, sources).await
    }

    async fn of_issuer(&self, issuer: &str, hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        self.issuers.candidates(issuer, hint).await
    }

    fn decoy(&self, algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        self.decoys.decoy(algorithm)
    }
}

#[cfg(test)]
mod tests;
