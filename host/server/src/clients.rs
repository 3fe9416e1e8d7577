//! The client directory: what `deployment.toml` declares, looked up byte for byte.
//!
//! A disabled client is not found; that a secret is wrong and that a client has none look the same.

use std::collections::HashMap;
use std::sync::Arc;

use dropins_host::services::{ClientDirectory, Registration, Unavailable};

use crate::secret_hash::{self, SecretHash};

/// A client as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredClient {
    /// What authenticators may know.
    pub registration: Registration,
    /// Name for people.
    pub name: Option<String>,
    /// Grants that it may use (RFC 7591 section 2).
    pub grant_types: Vec<String>,
    /// Scopes that it may be given.
    pub scopes: Vec<String>,
    /// The hash of its secret.
    pub secret: Option<SecretHash>,
}

/// All enabled clients.
#[derive(Debug, Default)]
pub struct Clients(HashMap<String, Arc<RegisteredClient>>);

impl Clients {
    /// The client with this id.
    pub fn get(&self, client_id: &str) -> Option<Arc<RegisteredClient>> {
        self.0.get(client_id).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<RegisteredClient>> {
        self.0.values()
    }
}

impl FromIterator<RegisteredClient> for Clients {
    fn from_iter<I: IntoIterator<Item = RegisteredClient>>(clients: I) -> Self {
        Self(clients.into_iter().map(|client| (client.registration.id.clone(), Arc::new(client))).collect())
    }
}

#[async_trait::async_trait]
impl ClientDirectory for Clients {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        Ok(self.0.get(client_id).map(|client| client.registration.clone()))
    }

    async fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, Unavailable> {
        let hash = self.0.get(client_id).and_then(|client| client.secret.clone());
        secret_hash::check(hash, secret).await
    }
}
