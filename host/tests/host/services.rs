//! In-memory services that tests can watch, slow down, stop and take away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dropins_host::services::{
    ClientDirectory, FixedClock, KeyHint, KeyLookupError, KeySource, Memory, PublicKey, Registration, ReplayStore,
    Services, Unavailable, Use,
};
use dropins_keys::StaticKeySource;
use tokio::sync::Semaphore;

pub(crate) use crate::fixtures::NOW;

/// Services that know the client `client`, no keys, and no used assertion.
pub(crate) fn services() -> Services {
    Services {
        clients: Arc::new(Directory::of(&["client"])),
        keys: Arc::new(StaticKeySource::new(HashMap::new())),
        replay: Arc::new(Ledger::default()),
        clock: Arc::new(FixedClock::at(NOW * 1000)),
    }
}

/// What a service that is down answers.
pub(crate) fn down(part: &'static str) -> Unavailable {
    Unavailable::new(part, "connection refused")
}

/// A client directory; a gate, when there is one, stops every look-up.
#[derive(Default)]
pub(crate) struct Directory {
    pub(crate) clients: HashMap<String, Registration>,
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) down: bool,
}

impl Directory {
    pub(crate) fn of(ids: &[&str]) -> Self {
        let client = |&id: &&str| (id.to_owned(), Registration { id: id.to_owned(), ..Registration::default() });
        Self { clients: ids.iter().map(client).collect(), ..Self::default() }
    }
}

#[async_trait::async_trait]
impl ClientDirectory for Directory {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
        if self.down { Err(down("client directory")) } else { Ok(self.clients.get(client_id).cloned()) }
    }

    async fn check_secret(&self, _client_id: &str, _secret: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }
}

/// Stops callers, and tells that one has come.
pub(crate) struct Gate {
    came: Semaphore,
    open: Semaphore,
}

impl Gate {
    pub(crate) fn shut() -> Arc<Self> {
        Arc::new(Self { came: Semaphore::new(0), open: Semaphore::new(0) })
    }

    pub(crate) async fn pass(&self) {
        self.came.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }

    /// Waits until one more has come.
    pub(crate) async fn caller(&self) {
        let came = tokio::time::timeout(Duration::from_secs(30), self.came.acquire()).await;
        came.expect("no caller came").unwrap().forget();
    }

    /// Lets all callers pass.
    pub(crate) fn open(&self) {
        self.open.add_permits(1_000);
    }
}

/// A key source that takes its time, or is down.
pub(crate) struct Keys {
    pub(crate) delay: Duration,
    pub(crate) down: bool,
}

#[async_trait::async_trait]
impl KeySource for Keys {
    async fn candidates(&self, _client_id: &str, _hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        tokio::time::sleep(self.delay).await;
        if self.down { Err(down("key source").into()) } else { Ok(Vec::new()) }
    }

    fn decoy(&self, _algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        None
    }
}

/// A key source that knows no key and stops every look-up at a gate.
pub(crate) struct GatedKeys(pub(crate) Arc<Gate>);

#[async_trait::async_trait]
impl KeySource for GatedKeys {
    async fn candidates(&self, _client_id: &str, _hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        self.0.pass().await;
        Ok(Vec::new())
    }

    fn decoy(&self, _algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        None
    }
}

/// A replay store that keeps every question.
#[derive(Default)]
pub(crate) struct Ledger {
    remembered: Mutex<Vec<Use>>,
    peeked: Mutex<Vec<Use>>,
    down: bool,
}

impl Ledger {
    /// A store that cannot be reached.
    pub(crate) fn down() -> Self {
        Self { down: true, ..Self::default() }
    }

    /// Every use that was to be remembered, the first and the later ones.
    pub(crate) fn remembered(&self) -> Vec<Use> {
        self.remembered.lock().unwrap().clone()
    }

    /// Every use that was only asked about.
    pub(crate) fn peeked(&self) -> Vec<Use> {
        self.peeked.lock().unwrap().clone()
    }

    fn verdict(&self, used: &Use) -> Result<Memory, Unavailable> {
        let seen = |earlier: &Use| earlier.client_id == used.client_id && earlier.jti == used.jti;
        match self.remembered.lock().unwrap().iter().any(seen) {
            _ if self.down => Err(down("replay store")),
            true => Ok(Memory::Seen),
            false => Ok(Memory::First),
        }
    }
}

#[async_trait::async_trait]
impl ReplayStore for Ledger {
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
        let verdict = self.verdict(&used);
        self.remembered.lock().unwrap().push(used);
        verdict
    }

    async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
        let verdict = self.verdict(&used);
        self.peeked.lock().unwrap().push(used);
        verdict
    }
}
