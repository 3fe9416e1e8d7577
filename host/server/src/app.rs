//! The running server: the live configuration and what outlives it.
//!
//! A request takes one [`Live`] at its beginning and keeps it to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use dropins_host::services::Clock;
use dropins_keys::SigningKey;
use dropins_replay::{JtiStore, Location};

use crate::clients::{Ledger, StoredClients};
use crate::expiry::Radar;
use crate::live::{Live, Parts};
use crate::metrics::Metrics;
use crate::reload::Record;
use crate::startup;
use crate::store_size::StoreSize;
use crate::tokens::Tokens;

/// The running server.
pub struct App {
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// Used assertions.
    pub replay: Arc<JtiStore>,
    /// Where they are kept.
    pub replay_location: Location,
    /// How many there are.
    pub replay_size: StoreSize,
    /// The clients of the database.
    pub stored: Arc<StoredClients>,
    /// Which keys are used.
    pub ledger: Arc<Ledger>,
    /// Keys that end soon.
    pub radar: Radar,
    /// What was reloaded, and what was refused.
    pub reloads: Record,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When the server started, seconds since the Unix epoch.
    pub started_at: u64,
    live: ArcSwap<Live>,
    signing_key: SigningKey,
    stopping: AtomicBool,
}

impl App {
    /// A server that serves this configuration.
    pub fn new(live: impl Into<Arc<Live>>, parts: &Parts, replay: Arc<JtiStore>, signing_key: SigningKey) -> Self {
        let live = live.into();
        let ledger = Ledger::new(Arc::clone(parts.stored.store()), Arc::clone(&parts.clock));
        ledger.seen(&live.clients);
        Self {
            metrics: Metrics::new(),
            replay,
            replay_location: startup::replay_location(&parts.home, &live.deployment),
            replay_size: StoreSize::default(),
            stored: Arc::clone(&parts.stored),
            ledger: Arc::new(ledger),
            radar: Radar::default(),
            reloads: Record::default(),
            started_at: parts.clock.now_seconds(),
            clock: Arc::clone(&parts.clock),
            live: ArcSwap::new(live),
            signing_key,
            stopping: AtomicBool::new(false),
        }
    }

    /// The live configuration.
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Replaces the live configuration and returns the old one; requests that began on it finish on it.
    pub fn publish(&self, live: Arc<Live>) -> Arc<Live> {
        self.ledger.seen(&live.clients);
        live.generation.wake();
        let old = self.live.swap(Arc::clone(&live));
        if !Arc::ptr_eq(&old, &live) {
            old.generation.rest();
        }
        old
    }

    /// The key that signs tokens.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing_key
    }

    /// Signs tokens as of now.
    pub fn tokens<'a>(&'a self, live: &'a Live) -> Tokens<'a> {
        Tokens { key: &self.signing_key, issuer: &live.endpoints.issuer, now: self.clock.now_seconds() }
    }

    /// Says to load balancers that no new requests should come.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether new requests may come, or why not.
    ///
    /// # Errors
    /// One sentence that says what is missing.
    pub async fn ready(&self) -> Result<(), String> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err("the server is stopping".to_owned());
        }
        self.replay.healthy().await.map_err(|down| down.to_string())
    }
}
