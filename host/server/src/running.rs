//! A server that runs: its listeners, its purge, and the way to stop it without losing a request.
//!
//! Every address is bound before anything is served, so a port in use stops the start and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_server::Handle;
use dropins_replay::JtiStore;
use tokio::task::JoinSet;

use crate::app::App;
use crate::clients;
use crate::config::Deployment;
use crate::expiry;
use crate::home::Home;
use crate::http::{self, listen};
use crate::live::Parts;
use crate::startup::{self, StartError, Started};
use crate::tls::{self, TlsError};

/// A running server.
pub struct Running {
    app: Arc<App>,
    parts: Parts,
    replay: Arc<JtiStore>,
    urls: Vec<String>,
    admin: SocketAddr,
    handles: Vec<Handle<SocketAddr>>,
    listeners: JoinSet<std::io::Result<()>>,
    _purge: dropins_replay::PurgeTask,
    _changes: clients::Watch,
    _ledger: clients::Flush,
    _radar: expiry::Watch,
}

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The home cannot be served.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The TLS identity cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address cannot be had.
    #[error(transparent)]
    Listen(#[from] listen::BindError),
}

/// Sections that are read at the start only, and that differ.
fn needs_restart(old: &Deployment, new: &Deployment) -> Vec<&'static str> {
    let sections = [
        ("transport", old.transport != new.transport),
        ("database.identity_db", old.database != new.database),
        ("replay_store", old.replay_store != new.replay_store),
        ("cache.manager", old.replay_cache != new.replay_cache),
        ("keystore, truststore", old.keystores != new.keystores),
        ("oauth.jwks_endpoint", old.oauth.jwks_endpoint != new.oauth.jwks_endpoint),
        ("limits", old.limits != new.limits),
        ("logging", old.logging != new.logging),
    ];
    sections.into_iter().filter(|(_, differs)| *differs).map(|(section, _)| section).collect()
}

impl Running {
    /// Starts the server of a home.
    ///
    /// # Errors
    /// [`RunError`] in one paragraph; nothing is served then.
    pub async fn start(started: Started) -> Result<Self, RunError> {
        let home = started.home.clone();
        let (parts, replay) = started.open()?;
        let signing_key = startup::signing_key(&home)?;
        let transport = started.deployment.transport.clone();
        let live = started.build(&parts, 1).await?;
        parts.stored.refresh().await.map_err(StartError::from)?;
        for warning in &live.warnings {
            tracing::warn!("{warning}");
        }

        let https = match &transport.https {
            Some(https) => {
                let config = tls::server_config(&home, https.identity.as_ref())?;
                Some((listen::Bound::new("transport.https.listen", https.listen)?, config))
            }
            None => None,
        };
        let plain = transport.http.map(|address| listen::Bound::new("transport.http.listen", address)).transpose()?;
        let admin = listen::Bound::new("transport.admin.listen", transport.admin.listen)?;

        let purge = replay.purger().spawn();
        let app = Arc::new(App::new(live, &parts, Arc::clone(&replay), signing_key));
        let mut running = Self {
            app: Arc::clone(&app),
            _changes: Arc::clone(&parts.stored).watch(),
            _ledger: Arc::clone(&app.ledger).keep(),
            _radar: expiry::Watch::start(Arc::clone(&app)),
            parts,
            replay,
            urls: Vec::new(),
            admin: admin.address(),
            handles: Vec::new(),
            listeners: JoinSet::new(),
            _purge: purge,
        };
        if let Some((bound, config)) = https {
            running.urls.push(format!("https://{}", bound.address()));
            running.serve(bound, http::public(Arc::clone(&app)), Some(config));
        }
        if let Some(bound) = plain {
            running.urls.push(format!("http://{}", bound.address()));
            running.serve(bound, http::public(Arc::clone(&app)), None);
        }
        running.serve(admin, http::admin(app), None);
        Ok(running)
    }

    fn serve(&mut self, bound: listen::Bound, router: axum::Router, tls: Option<Arc<rustls::ServerConfig>>) {
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

    /// Reads the configuration and the plug-ins anew. Either all of it is live afterwards, or nothing changed.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong with the new configuration.
    pub async fn reload(&self, home: &Home, properties: &[(String, String)]) -> Result<u64, StartError> {
        let number = self.app.live().generation.number() + 1;
        let live = Started::read(home, properties)?.build(&self.parts, number).await?;
        for section in needs_restart(&self.app.live().deployment, &live.deployment) {
            tracing::warn!(section, "changed, but takes effect only when the server is started again");
        }
        self.app.publish(live);
        Ok(number)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, parse};

    #[test]
    fn what_a_reload_cannot_change_is_named() {
        let read = |text: &str| parse(text, &Environment::default()).unwrap().0;
        let old = read("");
        assert_eq!(needs_restart(&old, &read("[oauth]\ndetailed_errors = true")), [""; 0]);
        let moved = read("[transport.admin]\nlisten = \"127.0.0.1:9555\"\n[limits]\nmemory = \"8MiB\"");
        assert_eq!(needs_restart(&old, &moved), ["transport", "limits"]);
    }
}
