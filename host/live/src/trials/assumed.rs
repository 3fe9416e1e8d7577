//! The services of no server: what a plug-in leaves to its host is taken for granted, so that its own part is seen.
//!
//! Clients have no keys. These services never decide about a request that is answered.

use std::sync::Arc;

use async_trait::async_trait;
use dropins_host::services::{
    ClientDirectory, KeyHint, KeyLookupError, KeySource, Memory, PublicKey, Registration, ReplayStore, Services,
    SystemClock, Unavailable, Use,
};

/// Services where the client of this id is registered, or every client if it is `None`; every secret is right, no
/// identifier was used before, and there is no key.
pub fn assumed_services(client: Option<String>) -> Services {
    let assumed = Arc::new(Assumed(client));
    let (clients, keys, replay) = (Arc::clone(&assumed), Arc::clone(&assumed), assumed);
    Services { clients, keys, replay, clock: Arc::new(SystemClock) }
}

struct Assumed(Option<String>);

impl Assumed {
    fn knows(&self, client_id: &str) -> bool {
        self.0.as_deref().is_none_or(|known| known == client_id)
    }
}

#[async_trait]
impl ClientDirectory for Assumed {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        let registration = || Registration { id: client_id.to_owned(), ..Registration::default() };
        Ok(self.knows(client_id).then(registration))
    }

    async fn check_secret(&self, client_id: &str, _secret: &str) -> Result<bool, Unavailable> {
        Ok(self.knows(client_id))
    }
}

#[async_trait]
impl KeySource for Assumed {
    async fn candidates(&self, _client_id: &str, _hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        Ok(Vec::new())
    }

    fn decoy(&self, _algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        None
    }
}

#[async_trait]
impl ReplayStore for Assumed {
    async fn remember(&self, _used: Use) -> Result<Memory, Unavailable> {
        Ok(Memory::First)
    }

    async fn peek(&self, _used: Use) -> Result<Memory, Unavailable> {
        Ok(Memory::First)
    }
}
