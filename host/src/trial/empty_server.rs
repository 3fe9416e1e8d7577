//! The services of a server whose clients have neither keys nor secrets, so none can be authenticated. Every client is
//! known: a plug-in that vouches for garbage is not saved by the host's own look-up.

use std::sync::Arc;

use dropins_services::{
    ClientDirectory, FixedClock, KeyHint, KeyLookupError, KeySource, Memory, PublicKey, Registration, ReplayStore,
    Services, Unavailable, UnixMillis, Use,
};

/// Clients without keys and secrets, no used assertions.
pub(super) struct EmptyServer;

impl EmptyServer {
    pub(super) fn services(now: UnixMillis) -> Services {
        let server = Arc::new(Self);
        let (clients, keys, replay) = (Arc::clone(&server), Arc::clone(&server), server);
        Services { clients, keys, replay, clock: Arc::new(FixedClock::at(now)) }
    }
}

#[async_trait::async_trait]
impl ClientDirectory for EmptyServer {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        Ok(Some(Registration { id: client_id.to_owned(), ..Registration::default() }))
    }

    async fn check_secret(&self, _client_id: &str, _secret: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }
}

#[async_trait::async_trait]
impl KeySource for EmptyServer {
    async fn candidates(&self, _client_id: &str, _hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        Ok(Vec::new())
    }

    fn decoy(&self, _algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        None
    }
}

#[async_trait::async_trait]
impl ReplayStore for EmptyServer {
    async fn remember(&self, _used: Use) -> Result<Memory, Unavailable> {
        Ok(Memory::First)
    }

    async fn peek(&self, _used: Use) -> Result<Memory, Unavailable> {
        Ok(Memory::First)
    }
}
