//! A server that runs: its listeners, its purge, and the way to stop it without losing a request.
//!
//! Every address is bound before anything is served, so a port in use stops the start and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use dropins_replay::JtiStore;
use tokio::task::JoinSet;

use crate::admin_address::AdminAddress;
use crate::app::App;
use crate::clients;
use crate::config::Transport;
use crate::database;
use crate::expiry;
use crate::http::{self, listen};
use crate::reload::{self, Edition, Reloader, Snapshot};
use crate::startup::{StartError, Started};
use crate::tokens::{self, SigningKeys};

/// A running server.
pub struct Running {
    app: Arc<App>,
    reloader: Arc<Reloader>,
    replay: Arc<JtiStore>,
    urls: Vec<String>,
    admin: SocketAddr,
    _address: AdminAddress,
    handles: Vec<Handle<SocketAddr>>,
    listeners: JoinSet<std::io::Result<()>>,
    _purge: dropins_replay::PurgeTask,
    _identity_purge: database::PurgeTask,
    _changes: clients::Watch,
    _ledger: clients::Flush,
    _keys: tokens::Watch,
    _radar: expiry::Watch,
    _reloads: reload::Task,
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

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The home cannot be served.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An address cannot be had.
    #[error(transparent)]
    Listen(#[from] listen::BindError),
}

impl Running {
    /// Starts the server of a home.
    ///
    /// # Errors
    /// [`RunError`] in one paragraph; nothing is served then.
    pub async fn start(started: Started) -> Result<Self, RunError> {
        Self::run(started, Listeners::bind).await
    }

    /// The same on addresses that are bound already, and stand in the configuration.
    ///
    /// # Errors
    /// [`RunError`] in one paragraph; nothing is served then.
    pub async fn start_on(started: Started, listeners: Listeners) -> Result<Self, RunError> {
        Self::run(started, |_| Ok(listeners)).await
    }

    async fn run(
        started: Started,
        bind: impl FnOnce(&Transport) -> Result<Listeners, listen::BindError>,
    ) -> Result<Self, RunError> {
        let home = started.home.clone();
        let (parts, replay) = started.open().await?;
        let signing_keys = SigningKeys::open(&home).map_err(StartError::from)?;
        let transport = started.deployment.transport.clone();
        let environment = started.environment.clone();
        let snapshot = Arc::new(Snapshot::of(started));
        let edition = Edition::build(snapshot, parts.clone(), 1, Vec::new()).await?;
        parts.stored.refresh().await.map_err(StartError::from)?;
        for warning in &edition.live.warnings {
            tracing::warn!("{warning}");
        }

        let tls = edition.tls.clone().map(RustlsConfig::from_config);
        let Listeners { https, http: plain, admin } = bind(&transport)?;

        let purge = replay.purger().spawn();
        let app = Arc::new(App::new(Arc::clone(&edition.live), &parts, Arc::clone(&replay), signing_keys));
        app.users.ensure_super_admin(&app.live().deployment.super_admin).await.map_err(StartError::from)?;
        let reloader = Reloader::new(Arc::clone(&app), edition, environment, tls.clone());
        let mut running = Self {
            app: Arc::clone(&app),
            _identity_purge: app.purger.clone().spawn(),
            _changes: Arc::clone(&parts.stored).watch(),
            _ledger: Arc::clone(&app.ledger).keep(),
            _keys: Arc::clone(&app.keys).watch(),
            _radar: expiry::Watch::start(Arc::clone(&app)),
            _reloads: reloader.start(),
            reloader: Arc::clone(&reloader),
            replay,
            urls: Vec::new(),
            admin: admin.address(),
            _address: AdminAddress::default(),
            handles: Vec::new(),
            listeners: JoinSet::new(),
            _purge: purge,
        };
        if let Some(bound) = https {
            running.urls.push(format!("https://{}", bound.address()));
            running.serve(bound, http::public(Arc::clone(&app)), tls);
        }
        if let Some(bound) = plain {
            running.urls.push(format!("http://{}", bound.address()));
            running.serve(bound, http::public(Arc::clone(&app)), None);
        }
        let address = running.admin;
        running.serve(admin, http::admin(app, reloader), None);
        running._address = AdminAddress::announce(&home, address);
        Ok(running)
    }

    fn serve(&mut self, bound: listen::Bound, router: axum::Router, tls: Option<RustlsConfig>) {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        self.listeners.spawn(bound.serve(router, tls, handle));
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
        if let Err(error) = self.app.ledger.flush(true).await {
            tracing::error!(%error, "the last use of some keys is not written down");
        }
        if let Err(error) = self.replay.close().await {
            tracing::error!(%error, "the replay store did not close in order");
        }
    }
}
