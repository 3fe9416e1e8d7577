//! The handles of a running server, and what each kind of endpoint is handed of them.
//!
//! No endpoint sees all of them: a group names what its endpoints need.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use dropins_database::{Database, Purger, StoreError};
use dropins_oauth::clients::{Ledger, SecretAttempts, StoredClients};
use dropins_oauth::tokens::{KeyRing, SigningKeys, TokenSigner, read_access_token};
use dropins_protocol::AccessToken;
use dropins_replay::{JtiStore, Location};
use dropins_services::Clock;
use dropins_store::grants::{Grants, PushedRequests};
use dropins_store::sessions::Sessions;
use dropins_store::users::Users;

use crate::rate_limits::RateLimits;
use dropins_live::{Live, Published, Resources, replay_location};
use dropins_reload::Outcome;
use dropins_telemetry::audiences::Audiences;
use dropins_telemetry::decisions::Decisions;
use dropins_telemetry::expiry::Radar;
use dropins_telemetry::health::Probes;
use dropins_telemetry::metrics::Metrics;
use dropins_telemetry::store_size::StoreSize;

/// What every place uses that authenticates clients: the endpoints of this server, the gateway, the answers to proxies.
pub struct AuthenticationServices {
    /// What is live.
    pub published: Arc<Published>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The last rejected requests.
    pub decisions: Arc<Decisions>,
    /// Which audiences clients send.
    pub audiences: Arc<Audiences>,
    /// Used assertions.
    pub replay: Arc<JtiStore>,
    /// Wrong secrets of clients.
    pub secret_attempts: Arc<SecretAttempts>,
    /// Requests of each address lately.
    pub rate_limits: Arc<RateLimits>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What has the services that authenticate clients.
pub trait Authenticates {
    /// The services.
    fn authentication(&self) -> &AuthenticationServices;
}

impl<T: Authenticates> Authenticates for Arc<T> {
    fn authentication(&self) -> &AuthenticationServices {
        T::authentication(self)
    }
}

/// What the endpoints use that authenticate clients: token, revocation, introspection, pushed requests.
pub struct ClientServices {
    /// What authenticates the client.
    pub authentication: Arc<AuthenticationServices>,
    /// The keys that sign tokens.
    pub keys: Arc<SigningKeys>,
    /// Codes, refresh tokens, and what was revoked.
    pub grants: Grants,
    /// The users whose grants are redeemed.
    pub users: Users,
    /// Authorization requests that clients pushed.
    pub pushed: PushedRequests,
}

impl Authenticates for ClientServices {
    fn authentication(&self) -> &AuthenticationServices {
        &self.authentication
    }
}

impl ClientServices {
    /// Parses a signed or opaque access token of this issuer. Does not check expiry or revocation.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked about an opaque one.
    pub async fn access_token(&self, text: &str, issuer: &str) -> Result<Option<AccessToken>, StoreError> {
        match read_access_token(text, &self.keys.ring(), issuer) {
            Some(signed) => Ok(Some(signed)),
            None => self.grants.find_opaque(text).await,
        }
    }

    /// Signs tokens as of now.
    pub fn signer<'a>(&self, live: &'a Live) -> TokenSigner<'a> {
        let now = self.authentication.clock.now_seconds();
        let access_token_signing_alg = live.deployment.oauth.access_token_signing_alg;
        TokenSigner { ring: self.keys.ring(), access_token_signing_alg, issuer: &live.endpoints.issuer, now }
    }
}

/// What the pages use on which users sign in and consent.
#[derive(Clone)]
pub struct PageServices {
    /// What is live.
    pub published: Arc<Published>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The last rejected requests.
    pub decisions: Arc<Decisions>,
    /// The users.
    pub users: Users,
    /// Which user is signed in at which browser.
    pub sessions: Sessions,
    /// Makes codes.
    pub grants: Grants,
    /// Authorization requests that clients pushed.
    pub pushed: PushedRequests,
    /// The keys that signed the id tokens that come back.
    pub keys: Arc<SigningKeys>,
    /// Holds the key that seals what pages carry.
    pub database: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What client registration uses.
#[derive(Clone)]
pub struct RegistrationServices {
    /// What is live, counters, limits, and the time.
    pub authentication: Arc<AuthenticationServices>,
    /// The clients of the database.
    pub stored: Arc<StoredClients>,
}

/// What the server says about itself: metadata and published keys.
#[derive(Clone)]
pub struct MetadataServices {
    /// What is live.
    pub published: Arc<Published>,
    /// The keys that sign tokens.
    pub keys: Arc<SigningKeys>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl MetadataServices {
    /// The keys that sign tokens now.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.keys.ring()
    }
}

/// What the admin listener shows and tends.
#[derive(Clone)]
pub struct AdminServices {
    /// What is live.
    pub published: Arc<Published>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The last rejected requests.
    pub decisions: Arc<Decisions>,
    /// Which audiences clients send.
    pub audiences: Arc<Audiences>,
    /// Used assertions.
    pub replay: Arc<JtiStore>,
    /// Where used assertions are kept.
    pub replay_location: Location,
    /// How many there are.
    pub replay_size: Arc<StoreSize>,
    /// Asks the stores whether they answer.
    pub probes: Arc<Probes>,
    /// Deletes expired rows of the identity database.
    pub purger: Purger,
    /// Keys that expire soon.
    pub radar: Arc<Radar>,
    /// Wrong secrets of clients, and wrong words at the console.
    pub secret_attempts: Arc<SecretAttempts>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When the server started, seconds since the Unix epoch.
    pub started_at: u64,
    /// The same by a clock that does not jump.
    pub started: Instant,
    /// Whether the server is stopping.
    pub stopping: Arc<AtomicBool>,
}

impl AdminServices {
    /// Whether the server is stopping, so that load balancers should send no new requests.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether the server takes requests.
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

/// What a server uses that issues tokens itself.
pub struct OAuthServices {
    /// For the endpoints that authenticate clients.
    pub clients: Arc<ClientServices>,
    /// For the pages.
    pub pages: PageServices,
    /// For client registration.
    pub registration: RegistrationServices,
}

impl OAuthServices {
    fn new(authentication: &Arc<AuthenticationServices>, resources: &Resources, keys: SigningKeys) -> Self {
        let (authentication, database) = (Arc::clone(authentication), resources.database.clone());
        let (published, metrics) = (Arc::clone(&authentication.published), Arc::clone(&authentication.metrics));
        let (decisions, clock) = (Arc::clone(&authentication.decisions), Arc::clone(&authentication.clock));
        let keys = Arc::new(keys);
        let grants = Grants::new(database.clone(), Arc::clone(&clock));
        let pushed = PushedRequests::new(database.clone(), Arc::clone(&clock));
        let users = Users::new(database.clone(), Arc::clone(&clock));
        Self {
            clients: Arc::new(ClientServices {
                authentication: Arc::clone(&authentication),
                keys: Arc::clone(&keys),
                grants: grants.clone(),
                users: users.clone(),
                pushed: pushed.clone(),
            }),
            pages: PageServices {
                published,
                metrics,
                decisions,
                users,
                sessions: Sessions::new(database.clone(), Arc::clone(&clock)),
                grants,
                pushed,
                keys,
                database,
                clock: Arc::clone(&clock),
            },
            registration: RegistrationServices { authentication, stored: Arc::clone(&resources.stored) },
        }
    }

    /// For metadata and published keys.
    pub fn metadata(&self) -> MetadataServices {
        let ClientServices { authentication, keys, .. } = &*self.clients;
        let (published, clock) = (Arc::clone(&authentication.published), Arc::clone(&authentication.clock));
        MetadataServices { published, keys: Arc::clone(keys), clock }
    }
}

/// The handles of a running server.
pub struct App {
    authentication: Arc<AuthenticationServices>,
    oauth: Option<OAuthServices>,
    admin: AdminServices,
}

impl App {
    /// The handles of a server that serves this configuration; without keys it issues no tokens.
    pub fn new(
        live: impl Into<Arc<Live>>,
        resources: &Resources,
        replay: Arc<JtiStore>,
        keys: impl Into<Option<SigningKeys>>,
    ) -> Self {
        let (live, clock, database) = (live.into(), Arc::clone(&resources.clock), resources.database.clone());
        let ledger = Arc::new(Ledger::new(resources.stored.store().clone(), Arc::clone(&clock)));
        let replay_location = replay_location(&resources.home, &live.deployment);
        let published = Arc::new(Published::new(live, ledger));
        let metrics = Arc::new(Metrics::new(&Outcome::ALL.map(Outcome::as_str)));
        let decisions = Arc::new(Decisions::default());
        let (audiences, secret_attempts) = (Arc::new(Audiences::default()), Arc::new(SecretAttempts::default()));
        let authentication = Arc::new(AuthenticationServices {
            published: Arc::clone(&published),
            metrics: Arc::clone(&metrics),
            decisions: Arc::clone(&decisions),
            audiences: Arc::clone(&audiences),
            replay: Arc::clone(&replay),
            secret_attempts: Arc::clone(&secret_attempts),
            rate_limits: Arc::default(),
            clock: Arc::clone(&clock),
        });
        Self {
            oauth: keys.into().map(|keys| OAuthServices::new(&authentication, resources, keys)),
            authentication,
            admin: AdminServices {
                published,
                metrics,
                decisions,
                audiences,
                probes: Arc::new(Probes::new(Arc::clone(&replay), database.clone())),
                replay,
                replay_location,
                replay_size: Arc::default(),
                purger: Purger::new(database, Arc::clone(&clock)),
                radar: Arc::default(),
                secret_attempts,
                started_at: clock.now_seconds(),
                started: Instant::now(),
                clock,
                stopping: Arc::default(),
            },
        }
    }

    /// For every place that authenticates clients.
    pub fn authentication(&self) -> &Arc<AuthenticationServices> {
        &self.authentication
    }

    /// For the endpoints of a server that issues tokens itself.
    pub fn oauth(&self) -> Option<&OAuthServices> {
        self.oauth.as_ref()
    }

    /// For the admin listener.
    pub fn admin(&self) -> &AdminServices {
        &self.admin
    }

    /// Tells load balancers to send no new requests.
    pub fn stop(&self) {
        self.admin.stopping.store(true, Ordering::SeqCst);
    }
}
