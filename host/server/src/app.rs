//! The running server: the live configuration and what outlives it.
//!
//! A request takes one [`Live`] at its beginning and keeps it to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use dropins_host::services::Clock;
use dropins_replay::{JtiStore, Location};

use crate::clients::{Ledger, StoredClients};
use crate::database::Purger;
use crate::expiry::Radar;
use crate::grants::{Grants, PushedRequests};
use crate::health::Probes;
use crate::live::{Live, Parts};
use crate::metrics::Metrics;
use crate::reload::Record;
use crate::sessions::{Sessions, Tickets};
use crate::startup;
use crate::store_size::StoreSize;
use crate::tokens::{SigningKeys, Tokens};
use crate::users::Users;

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
    /// Asks the stores whether they answer.
    pub probes: Probes,
    /// Deletes what is over from the identity database.
    pub purger: Purger,
    /// The clients of the database.
    pub stored: Arc<StoredClients>,
    /// Which keys are used.
    pub ledger: Arc<Ledger>,
    /// Codes, refresh tokens, and what was revoked.
    pub grants: Grants,
    /// Authorization requests that clients sent ahead.
    pub pushed: PushedRequests,
    /// The people who sign in.
    pub users: Users,
    /// Who is signed in.
    pub sessions: Sessions,
    /// What pages carry back.
    pub tickets: Tickets,
    /// The keys that sign tokens.
    pub keys: Arc<SigningKeys>,
    /// Keys that end soon.
    pub radar: Radar,
    /// What was reloaded, and what was refused.
    pub reloads: Record,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When the server started, seconds since the Unix epoch.
    pub started_at: u64,
    live: ArcSwap<Live>,
    stopping: AtomicBool,
}

impl App {
    /// A server that serves this configuration.
    pub fn new(live: impl Into<Arc<Live>>, parts: &Parts, replay: Arc<JtiStore>, keys: SigningKeys) -> Self {
        let live = live.into();
        let ledger = Ledger::new(parts.stored.store().clone(), Arc::clone(&parts.clock));
        ledger.seen(&live.clients);
        Self {
            metrics: Metrics::new(),
            probes: Probes::new(Arc::clone(&replay), parts.database.clone()),
            replay,
            replay_location: startup::replay_location(&parts.home, &live.deployment),
            replay_size: StoreSize::default(),
            purger: Purger::new(parts.database.clone(), Arc::clone(&parts.clock)),
            stored: Arc::clone(&parts.stored),
            ledger: Arc::new(ledger),
            grants: Grants::new(parts.database.clone(), Arc::clone(&parts.clock)),
            pushed: PushedRequests::new(parts.database.clone(), Arc::clone(&parts.clock)),
            users: Users::new(parts.database.clone(), Arc::clone(&parts.clock)),
            sessions: Sessions::new(parts.database.clone(), Arc::clone(&parts.clock)),
            tickets: Tickets::new(parts.database.clone(), Arc::clone(&parts.clock)),
            keys: Arc::new(keys),
            radar: Radar::default(),
            reloads: Record::default(),
            started_at: parts.clock.now_seconds(),
            clock: Arc::clone(&parts.clock),
            live: ArcSwap::new(live),
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

    /// Signs tokens as of now.
    pub fn tokens<'a>(&self, live: &'a Live) -> Tokens<'a> {
        let now = self.clock.now_seconds();
        let access_token_signing_alg = live.deployment.oauth.access_token_signing_alg;
        Tokens { ring: self.keys.ring(), access_token_signing_alg, issuer: &live.endpoints.issuer, now }
    }

    /// Says to load balancers that no new requests should come.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether it said so.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether new requests may come, or why not.
    ///
    /// # Errors
    /// What is missing, one line for each part.
    pub async fn ready(&self) -> Result<(), String> {
        if self.is_stopping() {
            return Err("the server is stopping".to_owned());
        }
        self.probes.health().await.verdict()
    }
}
