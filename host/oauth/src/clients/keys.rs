//! The keys of one client from all of its sources together.
//!
//! Certificate and inline JWK set are read once. A JWKS URI is asked only when these hold no key with the `kid` of the
//! request; the keystore counts only for a client that registers no keys at all and no subject of a trusted issuer.

use std::sync::Arc;

use dropins_keys::{ClientKey, Finding, KeyInput, KeySet};
use dropins_services::{KeyHint, KeyLookupError, PublicKey};

use super::external::ExternalKeys;
use dropins_protocol::ClientRecord;

/// The keys of one client.
#[derive(Debug, Default)]
pub struct ClientKeys {
    own: KeySet,
    jwks_uri: Option<String>,
    registered: bool,
}

impl ClientKeys {
    /// Reads the keys of a registration; `now` in seconds since the Unix epoch.
    pub fn read(record: &ClientRecord, now: u64) -> (Self, Vec<Finding>) {
        let certificate = record.certificate.as_deref().map(str::as_bytes);
        let certificate = certificate.map(|bytes| KeyInput::Certificate { name: None, bytes });
        let jwks = record.jwks.as_deref().map(|text| KeyInput::Jwks { name: None, text: text.as_bytes() });
        let inputs: Vec<_> = certificate.into_iter().chain(jwks).collect();
        let (own, findings) = KeySet::read(&inputs, i64::try_from(now).unwrap_or(i64::MAX));
        let jwks_uri = record.jwks_uri.clone();
        let registered = !inputs.is_empty() || jwks_uri.is_some() || !record.federated.is_empty();
        (Self { registered, own, jwks_uri }, findings)
    }

    /// The keys in the registration itself.
    pub fn own(&self) -> &[Arc<ClientKey>] {
        self.own.keys()
    }

    /// Roughly how many bytes of memory they take.
    pub fn memory(&self) -> usize {
        self.own.memory()
    }

    /// Where more of them are published.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_deref()
    }

    /// Whether the keystore entry with the client's id counts: no other keys and no subjects are registered.
    pub fn in_keystore(&self) -> bool {
        !self.registered
    }

    /// The keys that may have signed under this hint, best first, at most
    /// [`MAX_CANDIDATES`](dropins_services::MAX_CANDIDATES).
    ///
    /// # Errors
    /// [`KeyLookupError`] when a source cannot be had and the others have no key for the hint.
    pub async fn candidates(
        &self,
        client_id: &str,
        hint: &KeyHint,
        external: &ExternalKeys,
    ) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        let elsewhere = match (&self.jwks_uri, &external.published, &external.keystore) {
            (Some(uri), Some(published), _) if !self.own.names(hint) => {
                Some(published.published(client_id, uri, hint).await)
            }
            (None, _, Some(keystore)) if self.in_keystore() => Some(keystore.certificate(client_id).await),
            _ => None,
        };
        let found = match elsewhere {
            Some(Ok(set)) if self.own.keys().is_empty() => set.candidates(hint),
            Some(Ok(set)) => self.own.joined(&set).candidates(hint),
            Some(Err(error)) => match self.own.candidates(hint) {
                found if found.is_empty() => return Err(error),
                found => found,
            },
            None => self.own.candidates(hint),
        };
        Ok(found.into_iter().map(|key| key as Arc<dyn PublicKey>).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::{KeystoreKeys, PublishedKeys};
    use dropins_keys::{KeyFamily, SigningKey};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn jwks(kid: &str) -> String {
        let mut jwk = SigningKey::generate(KeyFamily::P256).unwrap().public_jwk();
        jwk.insert("kid".to_owned(), kid.into());
        serde_json::json!({ "keys": [jwk] }).to_string()
    }

    fn hint(kid: &str) -> KeyHint {
        KeyHint { kid: Some(kid.to_owned()), algorithm: "ES256".to_owned(), ..KeyHint::default() }
    }

    /// Acts as the JWKS URI and as the keystore; knows one key, or fails.
    struct Elsewhere {
        set: Option<Arc<KeySet>>,
        asked: AtomicUsize,
    }

    impl Elsewhere {
        fn external(set: Option<&str>) -> (Arc<Self>, ExternalKeys) {
            let set = set.map(|text| KeySet::read(&[KeyInput::Jwks { name: None, text: text.as_bytes() }], 0).0);
            let source = Arc::new(Self { set: set.map(Arc::new), asked: AtomicUsize::new(0) });
            let external = ExternalKeys { published: Some(source.clone()), keystore: Some(source.clone()) };
            (source, external)
        }

        fn answer(&self) -> Result<Arc<KeySet>, KeyLookupError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.set.clone().ok_or_else(|| KeyLookupError::Unusable("down".to_owned()))
        }
    }

    #[async_trait::async_trait]
    impl PublishedKeys for Elsewhere {
        async fn published(&self, client: &str, uri: &str, _: &KeyHint) -> Result<Arc<KeySet>, KeyLookupError> {
            assert_eq!((client, uri), ("c", "https://c.example/jwks"));
            self.answer()
        }
    }

    #[async_trait::async_trait]
    impl KeystoreKeys for Elsewhere {
        async fn certificate(&self, client_id: &str) -> Result<Arc<KeySet>, KeyLookupError> {
            assert_eq!(client_id, "c");
            self.answer()
        }

        fn folded_alias(&self, _: &str) -> Option<String> {
            None
        }
    }

    fn keys(jwks: Option<&str>, jwks_uri: Option<&str>) -> ClientKeys {
        let (jwks, jwks_uri) = (jwks.map(str::to_owned), jwks_uri.map(str::to_owned));
        ClientKeys::read(&ClientRecord { jwks, jwks_uri, ..ClientRecord::default() }, 0).0
    }

    const URI: Option<&str> = Some("https://c.example/jwks");

    #[tokio::test]
    async fn the_jwks_uri_is_asked_only_for_a_kid_that_the_registration_lacks() {
        let (published, external) = Elsewhere::external(Some(&jwks("there")));
        let keys = keys(Some(&jwks("here")), URI);
        assert_eq!(keys.candidates("c", &hint("here"), &external).await.unwrap().len(), 1);
        assert_eq!(published.asked.load(Ordering::SeqCst), 0);
        let found = keys.candidates("c", &hint("there"), &external).await.unwrap();
        assert_eq!(found.iter().map(|key| key.describe().kid).collect::<Vec<_>>(), [Some("there".to_owned())]);
        assert_eq!(published.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_jwks_uri_that_is_down_refuses_only_when_no_other_key_fits() {
        let (_, external) = Elsewhere::external(None);
        let certificate = SigningKey::generate(KeyFamily::P256).unwrap().public_key_pem().ok();
        let record = ClientRecord { certificate, jwks_uri: URI.map(str::to_owned), ..ClientRecord::default() };
        let (with_certificate, _) = ClientKeys::read(&record, 0);
        assert_eq!(with_certificate.candidates("c", &hint("x"), &external).await.unwrap().len(), 1);
        let Err(error) = keys(None, URI).candidates("c", &hint("x"), &external).await else { panic!("no error") };
        assert_eq!(error, KeyLookupError::Unusable("down".to_owned()));
    }

    #[tokio::test]
    async fn the_keystore_counts_only_for_a_client_without_any_registered_key() {
        let (keystore, external) = Elsewhere::external(Some(&jwks("k")));
        assert_eq!(keys(None, None).candidates("c", &hint("k"), &external).await.unwrap().len(), 1);
        assert_eq!(keystore.asked.load(Ordering::SeqCst), 1);
        // What cannot be read is registered all the same.
        let broken = keys(Some("{}"), None);
        assert!(broken.candidates("c", &hint("k"), &external).await.unwrap().is_empty());
        assert_eq!(keystore.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn without_other_sources_only_registered_keys_are_found() {
        let keys = keys(Some(&jwks("here")), URI);
        let none = ExternalKeys::default();
        assert_eq!(keys.candidates("c", &hint("here"), &none).await.unwrap().len(), 1);
        assert!(keys.candidates("c", &hint("there"), &none).await.unwrap().is_empty());
    }
}
