//! A server that runs: its listeners, its background tasks, and the way to stop it without losing a request.
//!
//! Every address is bound before anything is served, so a port in use stops the start and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use dropins_config::home::AdminAddress;
use dropins_config::{LoadError, LoadedHome, Transport};
use dropins_database::StoreError;
use dropins_oauth::tokens::{FileError, SigningKeys};
use dropins_replay::JtiStore;
use dropins_store::users::UserError;
use prometheus_client::metrics::gauge::Gauge;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::admin;
use crate::app::App;
use crate::http::connections::{Connections, Limits};
use crate::http::{self, descriptors, listen};
use crate::live::{BuildError, Published, Release, ResourceError, Resources, Snapshot};
use crate::reload::{Releases, Reloader, Surroundings};
use crate::telemetry::expiry::{self, Radar};

/// A running server.
pub struct Running {
    app: Arc<App>,
    reloader: Arc<Reloader>,
    replay: Arc<JtiStore>,
    urls: Vec<String>,
    admin: SocketAddr,
    /// Removed when the server stops.
    address: AdminAddress,
    handles: Vec<Handle<SocketAddr>>,
    listeners: JoinSet<std::io::Result<()>>,
    /// Tasks that end with the server.
    background: Vec<AbortOnDropHandle<()>>,
}

/// The bound addresses of a server.
pub struct Listeners {
    /// For https.
    pub https: Option<listen::Bound>,
    /// For http.
    pub http: Option<listen::Bound>,
    /// For the operator.
    pub admin: listen::Bound,
}

impl Listeners {
    /// Binds the configured addresses.
    ///
    /// # Errors
    /// [`listen::BindError`] says which one cannot be had.
    pub fn bind(transport: &Transport) -> Result<Self, listen::BindError> {
        let https = transport.https.as_ref().map(|https| listen::Bound::new("transport.https.listen", https.listen));
        let http = transport.http.map(|address| listen::Bound::new("transport.http.listen", address));
        let admin = listen::Bound::new("transport.admin.listen", transport.admin.listen)?;
        Ok(Self { https: https.transpose()?, http: http.transpose()?, admin })
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
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
}

impl Running {
    /// Starts the server of a home.
    ///
    /// # Errors
    /// [`StartError`] in one paragraph; nothing is served then.
    pub async fn start(home: LoadedHome) -> Result<Self, StartError> {
        Self::run(home, Listeners::bind).await
    }

    /// Starts the server of a home on addresses that are bound already, and are those of the configuration.
    ///
    /// # Errors
    /// [`StartError`] in one paragraph; nothing is served then.
    pub async fn start_on(home: LoadedHome, listeners: Listeners) -> Result<Self, StartError> {
        Self::run(home, |_| Ok(listeners)).await
    }

    async fn run(
        loaded: LoadedHome,
        bind: impl FnOnce(&Transport) -> Result<Listeners, listen::BindError>,
    ) -> Result<Self, StartError> {
        let home = loaded.home.clone();
        let descriptors = descriptors::raise();
        let (resources, replay) = Resources::open(&loaded).await?;
        let signing_keys = SigningKeys::open(&home)?;
        let (transport, environment) = (loaded.deployment.transport.clone(), loaded.environment.clone());
        let release = Release::build(Arc::new(Snapshot::of(loaded)), resources.clone(), 1, Vec::new()).await?;
        resources.stored.refresh().await?;
        for warning in &release.live.warnings {
            tracing::warn!("{warning}");
        }

        let tls = release.tls.clone().map(RustlsConfig::from_config);
        let Listeners { https, http: plain, admin } = bind(&transport)?;

        let app = Arc::new(App::new(Arc::clone(&release.live), &resources, Arc::clone(&replay), signing_keys));
        let super_admin = &release.live.deployment.super_admin;
        if let Some(password) = &super_admin.password {
            app.pages().users.ensure_super_admin(&super_admin.username, password).await?;
        }
        let reloader = Reloader::new(
            Surroundings {
                published: Arc::clone(&app.clients().published),
                metrics: Arc::clone(&app.clients().metrics),
                replay: Arc::clone(&replay),
                clock: Arc::clone(&resources.clock),
                environment,
                tls: tls.clone(),
                builder: Arc::new(Releases),
            },
            release,
        );
        let background = vec![
            Arc::clone(&resources.stored).watch(),
            Arc::clone(app.clients().published.ledger()).keep(),
            Arc::clone(&app.clients().keys).watch(),
            watch_expiry(&app),
            reloader.start(),
            replay.purger().spawn(),
            app.admin().purger.clone().spawn(),
        ];
        let mut running = Self {
            reloader,
            replay,
            urls: Vec::new(),
            admin: admin.address(),
            address: AdminAddress::default(),
            handles: Vec::new(),
            listeners: JoinSet::new(),
            background,
            app,
        };
        let connections = public_connections(&running.app, descriptors);
        if let Some(bound) = https {
            running.urls.push(format!("https://{}", bound.address()));
            running.serve(bound, http::public(&running.app), tls, Arc::clone(&connections));
        }
        if let Some(bound) = plain {
            running.urls.push(format!("http://{}", bound.address()));
            running.serve(bound, http::public(&running.app), None, connections);
        }
        let router = admin::router(running.app.admin().clone(), Arc::clone(&running.reloader));
        running.serve(admin, router, None, Connections::new(Limits::of_admin(), Gauge::default(), |_| false));
        running.address = AdminAddress::announce(&home, running.admin);
        Ok(running)
    }

    fn serve(
        &mut self,
        bound: listen::Bound,
        router: axum::Router,
        tls: Option<RustlsConfig>,
        connections: Arc<Connections>,
    ) {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        self.listeners.spawn(bound.serve(router, tls, connections, handle));
    }

    /// Where requests are accepted.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Where the admin endpoints are.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// What decides about changes of the home.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// Lets requests in flight finish, then writes the ledger and closes the replay store.
    pub async fn stop(mut self) {
        self.app.stop();
        self.handles.iter().for_each(listen::stop);
        while let Some(ended) = self.listeners.join_next().await {
            if let Ok(Err(error)) = ended {
                tracing::error!(%error, "a listener failed");
            }
        }
        if let Err(error) = self.app.clients().published.ledger().flush(true).await {
            tracing::error!(%error, "the last use of some keys is not written down");
        }
        self.background.clear();
        drop(self.address);
        if let Err(error) = self.replay.close().await {
            tracing::error!(%error, "the replay store did not close in order");
        }
    }
}

/// The connections of the public listeners together, in a process that may have so many file descriptors.
fn public_connections(app: &App, descriptors: usize) -> Arc<Connections> {
    let (published, metrics) = (Arc::clone(&app.clients().published), &app.clients().metrics);
    let is_proxy = move |peer| published.current().deployment.transport.trusted_proxies.holds(peer);
    let limits = Limits::of_public(descriptors);
    Connections::new(limits, metrics.connections(limits.total), is_proxy)
}

/// Looks at the keys of all clients again and again, and warns about those that expire soon.
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
