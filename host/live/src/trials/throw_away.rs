//! A client that exists for a few trials, and services that know no other client.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dropins_host::services::{
    ClientDirectory, FixedClock, Memory, Registration, ReplayStore, Services, Unavailable, UnixMillis, Use,
};
use dropins_host::{Expected, Request, Trial};
use dropins_keys::{KeySet, StaticKeySource};

use dropins_protocol::reference;

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
        let clients = OneClient { registration, secret: secret.map(str::to_owned) };
        let keys = StaticKeySource::new(HashMap::from([(id.clone(), Arc::new(keys))]));
        let services = Services {
            clients: Arc::new(clients),
            keys: Arc::new(keys),
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
}

#[async_trait]
impl ClientDirectory for OneClient {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        Ok((client_id == self.registration.id).then(|| self.registration.clone()))
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
