//! A client that exists for a few trials, and services that know no other client.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dropins_host::services::{
    ClientDirectory, FixedClock, KeyHint, KeyLookupError, KeySource, Memory, PublicKey, Registration, ReplayStore,
    Services, Unavailable, UnixMillis, Use,
};
use dropins_host::{Expected, Request, Trial};
use dropins_keys::{KeySet, StaticKeySource};

use dropins_protocol::{FederatedSubject, reference};

/// A client with the services of its own server.
pub(super) struct ThrowAway {
    /// Its id, which no plug-in can foresee.
    pub(super) id: String,
    pub(super) services: Services,
}

impl ThrowAway {
    /// A client that is registered for this method, with these keys and this secret.
    pub(super) fn new(method: &str, keys: KeySet, secret: Option<&str>, now: UnixMillis) -> Self {
        let id = format!("canary-{}", reference());
        let auth_method = Some(method.to_owned());
        let registration = Registration { id: id.clone(), auth_method, ..Registration::default() };
        let clients = OneClient { registration, secret: secret.map(str::to_owned), known_as: None };
        let keys = StaticKeySource::new(HashMap::from([(id.clone(), Arc::new(keys))]));
        Self::with(id, clients, Arc::new(keys), now)
    }

    /// A client that is registered for this method and known by a subject of the only trusted issuer, which has these
    /// keys; `settings` are those of the issuer.
    pub(super) fn federated(
        method: &str,
        known_as: FederatedSubject,
        settings: &[(&str, &str)],
        keys: KeySet,
        now: UnixMillis,
    ) -> Self {
        let id = format!("canary-{}", reference());
        let auth_method = Some(method.to_owned());
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let registration = Registration { id: id.clone(), auth_method, settings, ..Registration::default() };
        let keys = OneIssuer(StaticKeySource::new(HashMap::from([(known_as.issuer.clone(), Arc::new(keys))])));
        Self::with(id, OneClient { registration, secret: None, known_as: Some(known_as) }, Arc::new(keys), now)
    }

    fn with(id: String, clients: OneClient, keys: Arc<dyn KeySource>, now: UnixMillis) -> Self {
        let services = Services {
            clients: Arc::new(clients),
            keys,
            replay: Arc::new(Used::default()),
            clock: Arc::new(FixedClock::at(now)),
        };
        Self { id, services }
    }

    /// A trial with a request to its server.
    pub(super) fn trial(&self, name: &'static str, request: Request, expected: Expected) -> Trial {
        Trial { name, services: self.services.clone(), request, expected }
    }

    /// What comes of a good credential.
    pub(super) fn authenticated(&self) -> Expected {
        Expected::Authenticated(self.id.clone())
    }
}

struct OneClient {
    registration: Registration,
    secret: Option<String>,
    known_as: Option<FederatedSubject>,
}

/// Keys of an issuer, under its name, and of no client.
struct OneIssuer(StaticKeySource);

#[async_trait]
impl KeySource for OneIssuer {
    async fn candidates(&self, _: &str, _: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        Ok(Vec::new())
    }

    async fn of_issuer(&self, issuer: &str, hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        self.0.candidates(issuer, hint).await
    }

    fn decoy(&self, algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        self.0.decoy(algorithm)
    }
}

#[async_trait]
impl ClientDirectory for OneClient {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        Ok((client_id == self.registration.id).then(|| self.registration.clone()))
    }

    async fn lookup_subject(&self, issuer: &str, subject: &str) -> Result<Option<Registration>, Unavailable> {
        let is_known = |pair: &FederatedSubject| (pair.issuer.as_str(), pair.subject.as_str()) == (issuer, subject);
        Ok(self.known_as.as_ref().is_some_and(is_known).then(|| self.registration.clone()))
    }

    async fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, Unavailable> {
        Ok(client_id == self.registration.id && self.secret.as_deref() == Some(secret))
    }
}

/// The assertions that were used in the trials.
#[derive(Default)]
struct Used(Mutex<HashSet<(String, String)>>);

#[async_trait]
impl ReplayStore for Used {
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((used.client_id, used.jti));
        Ok(if first { Memory::First } else { Memory::Seen })
    }

    async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&(used.client_id, used.jti));
        Ok(if seen { Memory::Seen } else { Memory::First })
    }
}
