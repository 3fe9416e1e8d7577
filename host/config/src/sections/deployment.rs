//! The whole configuration: typed, checked, immutable.
//!
//! It is a pure function of the text and the environment; only `read_key_files` touches the disk.

use std::sync::Arc;
use std::time::Duration;

use crate::language::problem::Findings;
use crate::language::source::Source;
use crate::schema::settings::Section;
use crate::sections::authz::Authz;
use crate::sections::cache::ReplayCache;
use crate::sections::client::ServiceProvider;
use crate::sections::client_upstreams;
use crate::sections::clustering;
use crate::sections::database::Database;
use crate::sections::federated;
use crate::sections::keystore::Keystores;
use crate::sections::limits;
use crate::sections::listener::Listener;
use crate::sections::logging::Logging;
use crate::sections::oauth::OAuth;
use crate::sections::replay::{ReplayAddress, ReplayLoad, ReplayStore};
use crate::sections::telemetry::Telemetry;
use crate::sections::transport::{Server, Transport};
use crate::sections::trusted_issuer::TrustedIssuer;
use crate::sections::upstream::Upstream;
use crate::sections::url::BaseUrl;
use dropins_protocol::Secret;
use dropins_services::Limits;

/// What `deployment.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The file without its secrets, for reporting problems that are found later.
    pub source: Arc<Source>,
    /// Name and public URL.
    pub server: Server,
    /// How long readiness is refused before the listeners close.
    pub shutdown_delay: Duration,
    /// Listeners.
    pub transport: Transport,
    /// Plug-ins.
    pub listeners: Vec<Listener>,
    /// The cache in front of the replay store.
    pub replay_cache: ReplayCache,
    /// Declared clients.
    pub service_providers: Vec<ServiceProvider>,
    /// Authorization servers that requests are forwarded to.
    pub upstreams: Vec<Upstream>,
    /// Issuers whose tokens authenticate clients.
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// The identity database.
    pub database: Database,
    /// The replay store.
    pub replay_store: ReplayStore,
    /// Where the address of the replay store is.
    pub replay_address: ReplayAddress,
    /// What the replay store is to hold.
    pub replay_load: ReplayLoad,
    /// OAuth.
    pub oauth: OAuth,
    /// Keystores.
    pub keystores: Keystores,
    /// The administrator.
    pub super_admin: SuperAdmin,
    /// Limits of plug-in calls.
    pub limits: Limits,
    /// Logs.
    pub logging: Logging,
    /// The collector of traces and metrics; none without an endpoint.
    pub telemetry: Option<Telemetry>,
}

/// `[super_admin]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuperAdmin {
    /// Name.
    pub username: String,
    /// Password; without one, no administrator can sign in.
    pub password: Option<Secret>,
}

impl Deployment {
    /// The issuer identifier: the configured one, else the public base URL.
    pub fn issuer(&self) -> &str {
        self.oauth.issuer.as_ref().unwrap_or(&self.server.base_path).as_str()
    }

    /// The server whose clients are authenticated here: the only upstream, when this one issues no tokens itself.
    pub fn upstream(&self) -> Option<&Upstream> {
        match self.upstreams.as_slice() {
            [only] if !self.oauth.enabled => Some(only),
            _ => None,
        }
    }

    /// The public URL of an endpoint, `/oauth2/token`.
    pub fn endpoint(&self, path: &str) -> String {
        self.server.base_path.join(path)
    }

    /// Reads every section, so that each one can report its problems; nothing when one of them is unusable.
    pub(crate) fn read(settings: &Section, source: Arc<Source>, findings: &mut Findings) -> Option<Self> {
        let server = Server::read(settings, findings);
        let mut transport = Transport::read(settings, findings);
        if let Some(server) = &server {
            transport.check_public_url(server, settings, findings);
        }
        let listeners = Listener::read_all(settings, findings);
        let replay_cache = ReplayCache::read(settings, findings);
        let oauth = OAuth::read(settings, findings);
        let upstreams = Upstream::read_all(settings, findings);
        if let Some(server) = &server {
            let issuer = oauth.issuer.as_ref().unwrap_or(&server.base_path);
            transport.authz = Authz::read(settings, issuer.as_str(), findings);
        }
        let jwks = oauth.jwks_endpoint.fetch_settings();
        let mut service_providers = ServiceProvider::read_all(settings, &jwks, findings);
        client_upstreams::check(settings, &service_providers, &upstreams, findings);
        let own = oauth.issuer.as_ref().or(server.as_ref().map(|server| &server.base_path));
        let own = own.map(BaseUrl::as_str).unwrap_or_default();
        let trusted_issuers = TrustedIssuer::read_all(settings, own, &jwks, findings);
        federated::check(&mut service_providers, settings, &trusted_issuers, findings);
        let database = Database::read(settings, findings);
        let replay_store = ReplayStore::read(settings, findings);
        if let (Some(database), Some(replay_store)) = (&database, &replay_store) {
            clustering::check(settings, database, replay_store, findings);
        }
        let keystores = Keystores::read(settings, findings);
        let limits = limits::read(settings, findings);
        Some(Self {
            source,
            server: server?,
            shutdown_delay: settings.duration("server.shutdown_delay"),
            transport,
            listeners,
            replay_cache,
            service_providers,
            upstreams,
            trusted_issuers,
            database: database?,
            replay_store: replay_store?,
            replay_address: ReplayAddress::read(settings),
            replay_load: ReplayLoad::read(settings),
            oauth,
            keystores,
            super_admin: SuperAdmin {
                username: settings.text("super_admin.username").unwrap_or_default(),
                password: settings.secret("super_admin.password"),
            },
            limits,
            logging: Logging::read(settings),
            telemetry: Telemetry::read(settings, findings),
        })
    }
}
