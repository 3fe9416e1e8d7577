//! Keys that are known at the start: certificates and inline JWK sets of the configuration.

use std::collections::HashMap;
use std::sync::Arc;

use dropins_services::{KeyHint, KeyLookupError, KeySource, PublicKey};

use crate::algorithm::Algorithm;
use crate::client_key::ClientKey;
use crate::decoy::Decoys;
use crate::key_set::KeySet;

/// A fixed map from client id, compared byte for byte, to the client's keys.
#[derive(Debug)]
pub struct StaticKeySource {
    clients: HashMap<String, Arc<KeySet>>,
    decoys: Decoys,
}

impl StaticKeySource {
    /// Takes the keys of all clients.
    #[must_use]
    pub fn new(clients: HashMap<String, Arc<KeySet>>) -> Self {
        Self { clients, decoys: Decoys::new() }
    }

    /// The keys of one client.
    #[must_use]
    pub fn client(&self, client_id: &str) -> Option<&Arc<KeySet>> {
        self.clients.get(client_id)
    }
}

#[async_trait::async_trait]
impl KeySource for StaticKeySource {
    async fn candidates(&self, client_id: &str, hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        let candidates = self.client(client_id).map_or_else(Vec::new, |keys| keys.candidates(hint));
        Ok(candidates.into_iter().map(as_public_key).collect())
    }

    fn decoy(&self, algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        self.decoys.for_algorithm(Algorithm::parse(algorithm)?)
    }
}

fn as_public_key(key: Arc<ClientKey>) -> Arc<dyn PublicKey> {
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyFamily, KeyInput, SigningKey};
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    /// The source never waits, so one poll is enough.
    fn ready<T>(future: impl Future<Output = T>) -> T {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the source waits"),
        }
    }

    fn source() -> StaticKeySource {
        let pem = SigningKey::generate(KeyFamily::P256).unwrap().public_key_pem().unwrap();
        let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: pem.as_bytes() }], 0);
        assert_eq!(findings, []);
        StaticKeySource::new(HashMap::from([("Client".to_owned(), Arc::new(keys))]))
    }

    #[test]
    fn a_key_is_handed_out_for_its_own_client_only() {
        let source = source();
        let hint = KeyHint { algorithm: "ES256".to_owned(), ..KeyHint::default() };
        assert_eq!(ready(source.candidates("Client", &hint)).unwrap().len(), 1);
        for stranger in ["client", "Client ", ""] {
            assert!(ready(source.candidates(stranger, &hint)).unwrap().is_empty(), "{stranger:?}");
        }
    }

    #[test]
    fn there_are_decoys_for_known_algorithms_only() {
        let source = source();
        assert!(source.decoy("RS256").is_some());
        assert!(source.decoy("HS256").is_none());
    }
}
