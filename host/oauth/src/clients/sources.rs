//! The sources of keys and clients outside of registrations, as the configuration describes them.
//!
//! They are opened once and shared by everything that is live later: caches must survive a reload. A keystore that is
//! configured must be readable at the start; a change of its file is seen while the server runs.

use std::path::PathBuf;
use std::sync::Arc;

use dropins_fetch::{DocumentFetcher, FetchSettings, JwksFetcher, JwksUrl, OpenError};
use dropins_keys::KeySet;
use dropins_keys::keystore::{CertificateStores, KeystoreError, WatchedKeystore};
use dropins_services::{Clock, KeyHint, KeyLookupError};
use zeroize::Zeroizing;

use super::documents::DocumentClients;
use super::external::{ExternalKeys, KeystoreKeys, PublishedKeys};
use super::issuers::IssuerFetchers;
use dropins_config::Home;
use dropins_config::{Deployment, Keystore, Keystores};

/// Key sets that clients publish, and keystores that hold their certificates.
#[derive(Clone)]
pub struct Sources {
    /// Fetches JWKS URIs.
    pub fetcher: JwksFetcher,
    /// The configured keystores.
    pub keystores: Arc<CertificateStores>,
    /// The clients that documents describe, if the operator wants any.
    pub documents: Option<Arc<DocumentClients>>,
    /// Fetch the keys of trusted issuers.
    pub issuers: Arc<IssuerFetchers>,
}

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A keystore cannot be read.
    #[error("[{section}]: {error}")]
    Keystore {
        /// The section that names it.
        section: &'static str,
        /// Why.
        error: KeystoreError,
    },
    /// The fetcher does not start.
    #[error("JWKS URIs cannot be fetched: {0}")]
    Fetcher(#[from] OpenError),
}

impl SourceError {
    /// Whether the same configuration may be good another time: the file of a keystore is no part of it, and was not there
    /// or is still being written.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Keystore { .. })
    }
}

impl Sources {
    /// Opens what the deployment names. Blocks on the disk.
    ///
    /// # Errors
    /// [`SourceError`] says which source cannot be opened and why.
    pub fn open(deployment: &Deployment, home: &Home, clock: Arc<dyn Clock>) -> Result<Self, SourceError> {
        let configured = &deployment.keystores;
        let primary = open("keystore.primary", configured.primary.as_ref(), home)?;
        let trust = open("truststore", configured.trust.as_ref(), home)?;
        let keystores = Arc::new(CertificateStores::new(primary, trust).beside(idle(configured, home)));
        let roots = keystores.trust().map(|store| store.trusted_certificates()).unwrap_or_default();
        let settings = FetchSettings {
            extra_roots: roots.into_iter().map(Into::into).collect(),
            folder: Some(home.jwks_cache()),
            ..deployment.oauth.jwks_endpoint.fetch_settings()
        };
        let documents = documents(deployment, &settings, &clock).transpose()?;
        let issuers = IssuerFetchers::new(home.jwks_cache().join("issuers"), home.conf(), Arc::clone(&clock));
        let fetcher = JwksFetcher::open(settings, clock)?;
        Ok(Self { fetcher, keystores, documents, issuers: Arc::new(issuers) })
    }

    /// The sources as the client directory asks them.
    pub fn external(&self) -> ExternalKeys {
        ExternalKeys {
            published: Some(Arc::new(self.fetcher.clone())),
            keystore: Some(Arc::clone(&self.keystores) as Arc<dyn KeystoreKeys>),
        }
    }
}

/// The clients that documents describe, whose hosts the same authorities vouch for.
fn documents(
    deployment: &Deployment,
    jwks: &FetchSettings,
    clock: &Arc<dyn Clock>,
) -> Option<Result<Arc<DocumentClients>, OpenError>> {
    let policy = deployment.oauth.client_id_metadata.clone();
    if !policy.is_on() {
        return None;
    }
    let settings = policy.fetch_settings(&deployment.oauth.jwks_endpoint);
    let settings = FetchSettings { extra_roots: jwks.extra_roots.clone(), ..settings };
    let fetcher = DocumentFetcher::open(settings, Arc::clone(clock));
    Some(fetcher.map(|fetcher| Arc::new(DocumentClients::new(policy, Arc::new(fetcher), Arc::clone(clock)))))
}

/// The keystore files of a home that the configuration does not name.
fn idle(configured: &Keystores, home: &Home) -> Vec<String> {
    let Keystores { primary, tls, trust } = configured;
    let named = |file: &str| [primary, tls, trust].into_iter().flatten().any(|keystore| keystore.file_name == file);
    let files = std::fs::read_dir(home.security()).into_iter().flatten().flatten();
    let files = files.filter_map(|file| file.file_name().into_string().ok());
    let is_keystore = |file: &str| [".jks", ".p12", ".pfx"].iter().any(|ending| file.ends_with(ending));
    let mut idle: Vec<_> = files.filter(|file| is_keystore(file) && !named(file)).collect();
    idle.sort();
    idle
}

fn open(
    section: &'static str,
    keystore: Option<&Keystore>,
    home: &Home,
) -> Result<Option<WatchedKeystore>, SourceError> {
    let Some(keystore) = keystore else { return Ok(None) };
    let path: PathBuf = home.security().join(&keystore.file_name);
    let password = Zeroizing::new(keystore.password.expose().to_owned());
    WatchedKeystore::open(path, password).map(Some).map_err(|error| SourceError::Keystore { section, error })
}

#[async_trait::async_trait]
impl PublishedKeys for JwksFetcher {
    async fn published(&self, _client_id: &str, uri: &str, hint: &KeyHint) -> Result<Arc<KeySet>, KeyLookupError> {
        let url = JwksUrl::parse(uri, self.settings()).map_err(|error| KeyLookupError::Unusable(error.to_string()))?;
        self.keys(&url, hint).await
    }
}

#[async_trait::async_trait]
impl KeystoreKeys for CertificateStores {
    async fn certificate(&self, client_id: &str) -> Result<Arc<KeySet>, KeyLookupError> {
        let set = self.key_set(client_id).await?.unwrap_or_default();
        if set.keys().is_empty()
            && let Some(cause) = self.lint(client_id, 0)?.unwrap_or_default().first()
        {
            return Err(KeyLookupError::Unusable(cause.to_string()));
        }
        Ok(set)
    }

    fn folded_alias(&self, client_id: &str) -> Option<String> {
        Self::folded_alias(self, client_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_config::{Environment, parse};

    #[test]
    fn a_keystore_that_the_configuration_does_not_name_is_idle() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        std::fs::create_dir_all(home.security()).unwrap();
        for file in ["wso2carbon.jks", "a.p12", "tls-key.pem"] {
            std::fs::write(home.security().join(file), "").unwrap();
        }
        let idle = |text: &str| idle(&parse(text, &Environment::default()).unwrap().0.keystores, &home);
        assert_eq!(idle(""), ["a.p12", "wso2carbon.jks"]);
        assert_eq!(idle("[keystore.primary]\nfile_name = 'a.p12'\npassword = 'x'"), ["wso2carbon.jks"]);
        assert_eq!(CertificateStores::default().lack(), "no keystore is configured");
        let lack = CertificateStores::default().beside(idle("")).lack();
        assert!(lack.ends_with("a.p12, wso2carbon.jks in repository/resources/security is not configured"), "{lack}");
    }
}
