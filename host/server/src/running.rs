//! A server that runs: its listeners, its background tasks, and the way to stop it without losing a request.
//!
//! Every address is bound before anything is served, so a port in use stops the start and nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use dropins_config::home::{HomeId, HomeLock, LockError};
use dropins_config::{Home, LoadError, LoadedHome, Telemetry, Transport};
use dropins_database::StoreError;
use dropins_listener::{self as listen, Bound, Connections, Inherited, Limits};
use dropins_oauth::tokens::{FileError, SigningKeys};
use dropins_replay::JtiStore;
use dropins_store::users::UserError;
use futures_util::future::BoxFuture;
use prometheus_client::metrics::gauge::Gauge;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::admin::{self, AdminHandles, AdminSocket, Door, Extend, ServedHome, metrics};
use crate::app::App;
use crate::authz;
use crate::gateway;
use crate::http;
use dropins_live::tls::Identity;
use dropins_live::{BuildError, Compiled, Published, Release, ResourceError, Resources, Snapshot};
use dropins_reload::{Releases, Reloader, Surroundings};
use dropins_telemetry::clock_jump;
use dropins_telemetry::expiry::{self, Radar};
use dropins_telemetry::otlp;

/// A running server.
pub struct Running {
    app: Arc<App>,
    reloader: Arc<Reloader>,
    replay: Arc<JtiStore>,
    urls: Vec<String>,
    asked: Option<SocketAddr>,
    admin: SocketAddr,
    admin_tls: bool,
    /// For clients and browsers.
    public: Served,
    /// For operators and probes: served until the public listeners have ended.
    operators: Served,
    socket_stop: CancellationToken,
    shutdown_delay: Duration,
    /// Tasks that end with the server.
    background: Vec<AbortOnDropHandle<()>>,
    /// Held until everything else has ended.
    lock: Option<HomeLock>,
}

/// Listeners that are served and stopped together.
#[derive(Default)]
struct Served {
    handles: Vec<Handle<SocketAddr>>,
    listeners: JoinSet<std::io::Result<()>>,
}

/// Whether other servers may serve the same home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// A second server of the home does not start.
    #[default]
    Alone,
    /// Several nodes serve one folder; the first one has the admin socket.
    Shared,
}

/// The bound addresses of a server.
pub struct Listeners {
    /// For https.
    pub https: Option<Bound>,
    /// For http.
    pub http: Option<Bound>,
    /// For the operator.
    pub admin: Bound,
    /// For proxies that ask.
    pub authz: Option<Bound>,
}

impl Listeners {
    /// Takes the sockets that the service manager has bound, and binds the configured addresses of the others.
    ///
    /// # Errors
    /// [`StartError`] says which address cannot be had, or which socket is for no listener.
    pub fn bind(transport: &Transport, mut inherited: Inherited) -> Result<Self, StartError> {
        let https = transport.https.as_ref().map(|https| ("transport.https.listen", https.listen));
        let http = transport.http.map(|address| ("transport.http.listen", address));
        let authz = transport.authz.as_ref().map(|authz| ("transport.authz.listen", authz.listen));
        let admin = ("transport.admin.listen", transport.admin.listen);
        // A listener that is disabled takes no socket.
        let mut take = |name, wanted: bool| if wanted { inherited.take(name) } else { Ok(None) };
        let sockets = (take("https", https.is_some())?, take("http", http.is_some())?, take("admin", true)?);
        let asked = take("authz", authz.is_some())?;
        inherited.finish()?;
        let have = |socket, (setting, address)| match socket {
            Some(bound) => Ok(bound),
            None => Bound::new(setting, address),
        };
        Ok(Self {
            https: https.map(|wanted| have(sockets.0, wanted)).transpose()?,
            http: http.map(|wanted| have(sockets.1, wanted)).transpose()?,
            admin: have(sockets.2, admin)?,
            authz: authz.map(|wanted| have(asked, wanted)).transpose()?,
        })
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another server serves the home.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The folder `tmp` of the home cannot be used.
    #[error("{} cannot be used: {error}", path.display())]
    Tmp {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The home cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A store, a keystore or the engine cannot be opened.
    #[error(transparent)]
    Open(#[from] ResourceError),
    /// What the configuration describes cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The identity database cannot be read.
    #[error(transparent)]
    Clients(#[from] StoreError),
    /// The administrator cannot be made.
    #[error("the user of [super_admin] cannot be made: {0}")]
    SuperAdmin(#[from] UserError),
    /// The keys that sign tokens cannot be used.
    #[error(transparent)]
    SigningKeys(#[from] FileError),
    /// An address cannot be had.
    #[error(transparent)]
    Listen(#[from] listen::BindError),
    /// A socket of the service manager cannot be used.
    #[error(transparent)]
    Inherited(#[from] listen::InheritedError),
}

impl Running {
    /// Starts the server of a home, on the sockets of the service manager where it has some; `extend` adds routes to the
    /// admin listener.
    ///
    /// # Errors
    /// [`StartError`] in one paragraph; nothing is served then.
    pub fn start(
        home: LoadedHome,
        sharing: Sharing,
        inherited: Inherited,
        extend: Option<Extend>,
    ) -> BoxFuture<'static, Result<Self, StartError>> {
        Box::pin(Self::run(home, sharing, extend, |transport| Listeners::bind(transport, inherited)))
    }

    /// Starts the server of a home on addresses that are bound already, and are those of the configuration.
    ///
    /// # Errors
    /// [`StartError`] in one paragraph; nothing is served then.
    pub fn start_on(
        home: LoadedHome,
        listeners: Listeners,
        extend: Option<Extend>,
    ) -> BoxFuture<'static, Result<Self, StartError>> {
        Box::pin(Self::run(home, Sharing::Alone, extend, |_| Ok(listeners)))
    }

    async fn run(
        loaded: LoadedHome,
        sharing: Sharing,
        extend: Option<Extend>,
        bind: impl FnOnce(&Transport) -> Result<Listeners, StartError>,
    ) -> Result<Self, StartError> {
        let home = loaded.home.clone();
        let descriptors = listen::raise_descriptors();
        let lock = lock(&home, sharing)?;
        let id = HomeId::ensure(&home).map_err(|error| StartError::Tmp { path: home.id_file(), error })?;
        let served_home = ServedHome { root: home.root().to_owned(), id };
        let (resources, replay) = Resources::open(&loaded).await?;
        let issues_tokens = loaded.deployment.oauth.enabled;
        let signing_keys = issues_tokens.then(|| SigningKeys::open(&home)).transpose()?;
        let (transport, environment) = (loaded.deployment.transport.clone(), loaded.environment.clone());
        let release =
            Release::build(Compiled::of(Snapshot::of(loaded), resources.clone(), Vec::new()).await, 1).await?;
        resources.stored.refresh().await?;
        for warning in &release.live.warnings {
            tracing::warn!("{warning}");
        }

        let tls = release.tls.clone().map(RustlsConfig::from_config);
        let Listeners { https, http: plain, admin, authz: asked } = bind(&transport)?;
        let socket = match &lock {
            Some(_) => AdminSocket::bind(&home).map(Some),
            None => Ok(None),
        };
        let socket = socket.map_err(|error| StartError::Tmp { path: home.admin_socket(), error })?;
        let admin_tls = admin_tls(&home, &transport, tls.as_ref())?;
        if !admin.address().ip().is_loopback() && admin_tls.is_none() {
            let address = admin.address();
            tracing::warn!("the admin listener {address} has no TLS: its token crosses the network in clear text");
        }
        let shutdown_delay = release.live.deployment.shutdown_delay;

        let app = Arc::new(App::new(Arc::clone(&release.live), &resources, Arc::clone(&replay), signing_keys));
        let super_admin = &release.live.deployment.super_admin;
        if let (Some(oauth), Some(password)) = (app.oauth(), &super_admin.password) {
            oauth.pages.users.ensure_super_admin(&super_admin.username, password).await?;
        }
        let reloader = Reloader::new(
            Surroundings {
                published: Arc::clone(&app.authentication().published),
                metrics: Arc::clone(&app.authentication().metrics),
                replay: Arc::clone(&replay),
                clock: Arc::clone(&resources.clock),
                environment: environment.clone(),
                tls: tls.clone(),
                builder: Arc::new(Releases),
            },
            release,
        );
        let mut background = vec![
            Arc::clone(&resources.stored).watch(),
            Arc::clone(app.authentication().published.ledger()).keep(),
            watch_expiry(&app),
            AbortOnDropHandle::new(tokio::spawn(clock_jump::watch(Arc::clone(&resources.clock)))),
            reloader.start(),
            replay.purger().spawn(),
            app.admin().purger.clone().spawn(),
        ];
        background.extend(app.oauth().map(|oauth| Arc::clone(&oauth.clients.keys).watch()));
        let mut running = Self {
            reloader,
            replay,
            urls: Vec::new(),
            asked: None,
            admin: admin.address(),
            admin_tls: admin_tls.is_some(),
            public: Served::default(),
            operators: Served::default(),
            socket_stop: CancellationToken::new(),
            shutdown_delay,
            background,
            app,
            lock,
        };
        let connections = public_connections(&running.app, descriptors);
        let telemetry = running.app.authentication().published.current().deployment.telemetry.clone();
        let public = http::public(&running.app);
        let public = if telemetry.is_some() { http::trace::traced(public) } else { public };
        let public = gateway::in_front_of(public, running.app.authentication().clone());
        running.background.extend(telemetry.map(|telemetry| running.export_metrics(telemetry)));
        if let Some(bound) = https {
            running.urls.push(format!("https://{}", bound.address()));
            running.public.serve(bound, public.clone(), tls, Arc::clone(&connections));
        }
        if let Some(bound) = plain {
            running.urls.push(format!("http://{}", bound.address()));
            running.public.serve(bound, public, None, connections);
        }
        if let Some(bound) = asked {
            running.asked = Some(bound.address());
            let proxies = Connections::new(Limits::of_public(descriptors), Gauge::default(), |_| true);
            running.public.serve(bound, authz::router(running.app.authentication().clone()), None, proxies);
        }
        let handles = AdminHandles {
            services: running.app.admin().clone(),
            reloader: Arc::clone(&running.reloader),
            home: served_home,
            environment,
            address: admin.address(),
            tls: admin_tls.is_some(),
        };
        let extension = extend.map(|extend| extend(handles.clone())).unwrap_or_default();
        let router = |door| {
            let AdminHandles { services, reloader, home, .. } = handles.clone();
            admin::router(services, reloader, home, extension.clone(), door)
        };
        let unbounded = Connections::new(Limits::of_admin(), Gauge::default(), |_| false);
        running.operators.serve(admin, router(Door::Tcp), admin_tls, unbounded);
        if let Some(socket) = socket {
            running.operators.listeners.spawn(socket.serve(router(Door::Socket), running.socket_stop.clone()));
        }
        Ok(running)
    }

    /// Sends the collector what `/metrics` shows.
    fn export_metrics(&self, telemetry: Telemetry) -> AbortOnDropHandle<()> {
        let (services, reloader) = (self.app.admin().clone(), Arc::clone(&self.reloader));
        AbortOnDropHandle::new(tokio::spawn(async move {
            let page = || metrics::page(&services, reloader.record());
            let never = otlp::push(&telemetry, &*services.clock, services.started_at, page).await;
            if let Err(error) = never {
                tracing::error!("{error}");
            }
        }))
    }

    /// Where requests are accepted.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Where proxies ask.
    pub fn asked(&self) -> Option<SocketAddr> {
        self.asked
    }

    /// Where the admin endpoints are.
    pub fn admin(&self) -> String {
        let scheme = if self.admin_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.admin)
    }

    /// What decides about changes of the home.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// Says that it is not ready, waits `[server] shutdown_delay`, lets requests in flight finish, then writes the ledger
    /// and closes the replay store. The admin listener answers until the requests have finished.
    pub async fn stop(mut self) {
        self.app.stop();
        tokio::time::sleep(self.shutdown_delay).await;
        self.public.stop().await;
        self.socket_stop.cancel();
        self.operators.stop().await;
        if let Err(error) = self.app.authentication().published.ledger().flush(true).await {
            tracing::error!(%error, "the last use of some keys is not written down");
        }
        self.background.clear();
        if let Err(error) = self.replay.close().await {
            tracing::error!(%error, "the replay store did not close in order");
        }
        drop(self.lock);
    }
}

impl Served {
    fn serve(&mut self, bound: Bound, router: axum::Router, tls: Option<RustlsConfig>, connections: Arc<Connections>) {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        self.listeners.spawn(bound.serve(http::host::checked(router), tls, connections, handle));
    }

    async fn stop(&mut self) {
        self.handles.iter().for_each(listen::stop);
        while let Some(ended) = self.listeners.join_next().await {
            if let Ok(Err(error)) = ended {
                tracing::error!(%error, "a listener failed");
            }
        }
    }
}

/// The TLS of the admin listener: that of the HTTPS listener, which follows its files, or else the files themselves.
fn admin_tls(
    home: &Home,
    transport: &Transport,
    https: Option<&RustlsConfig>,
) -> Result<Option<RustlsConfig>, StartError> {
    if !transport.admin.tls {
        return Ok(None);
    }
    if let Some(shared) = https {
        return Ok(Some(shared.clone()));
    }
    let identity = Identity::read(home, None).and_then(|identity| identity.server_config()).map_err(BuildError::Tls)?;
    Ok(Some(RustlsConfig::from_config(identity)))
}

/// Locks a home for its only server. Of several that share it, the first one has the lock; a file system without locks
/// has none to give.
fn lock(home: &Home, sharing: Sharing) -> Result<Option<HomeLock>, LockError> {
    match HomeLock::take(home) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Served { .. }) if sharing == Sharing::Shared => Ok(None),
        Err(error) => Err(error),
    }
}

/// The connections of the public listeners together, in a process that may have so many file descriptors.
fn public_connections(app: &App, descriptors: usize) -> Arc<Connections> {
    let (published, metrics) = (Arc::clone(&app.authentication().published), &app.authentication().metrics);
    let is_proxy = move |peer| published.current().deployment.transport.trusted_proxies.holds(peer);
    let limits = Limits::of_public(descriptors);
    Connections::new(limits, metrics.connections(limits.total), is_proxy)
}

/// Looks at the keys of all clients at intervals, and warns about those that expire soon.
fn watch_expiry(app: &App) -> AbortOnDropHandle<()> {
    let admin = app.admin();
    let (published, radar, clock) = (Arc::clone(&admin.published), Arc::clone(&admin.radar), Arc::clone(&admin.clock));
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            look(&published, &radar, clock.now_seconds()).await;
            tokio::time::sleep(expiry::INTERVAL).await;
        }
    }))
}

async fn look(published: &Published, radar: &Radar, now: u64) {
    match expiry::expiring(&published.current().clients, now).await {
        Ok(found) => radar.update(found).iter().for_each(|key| tracing::warn!("{key}")),
        Err(down) => tracing::warn!(%down, "the keys of the clients cannot be looked at"),
    }
}
