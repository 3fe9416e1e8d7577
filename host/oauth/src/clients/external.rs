//! The seam for keys that are elsewhere than in a registration: at a JWKS URI, or in the keystore.

use std::sync::Arc;

use dropins_keys::KeySet;
use dropins_services::{KeyHint, KeyLookupError};

/// Fetches the key sets that clients publish.
#[async_trait::async_trait]
pub trait PublishedKeys: Send + Sync {
    /// The keys of the client at its JWKS URI. The hint tells whether a remembered set will do, or lacks the `kid`.
    ///
    /// # Errors
    /// [`KeyLookupError::Unusable`] when there are none to be had: this client is refused, others are not affected.
    async fn published(&self, client_id: &str, uri: &str, hint: &KeyHint) -> Result<Arc<KeySet>, KeyLookupError>;
}

/// Finds certificates in the keystore whose alias is a client id.
#[async_trait::async_trait]
pub trait KeystoreKeys: Send + Sync {
    /// The certificate of this client; an empty set when there is none.
    ///
    /// # Errors
    /// [`KeyLookupError::Unusable`] when it is not clear which entry is meant.
    async fn certificate(&self, client_id: &str) -> Result<Arc<KeySet>, KeyLookupError>;

    /// The alias under which the client's certificate is found, if it differs from the client id in case.
    fn folded_alias(&self, client_id: &str) -> Option<String>;
}

/// Where else keys come from; a source that is absent has no keys.
#[derive(Clone, Default)]
pub struct ExternalKeys {
    /// For clients with a JWKS URI.
    pub published: Option<Arc<dyn PublishedKeys>>,
    /// For clients that register no keys at all.
    pub keystore: Option<Arc<dyn KeystoreKeys>>,
}
