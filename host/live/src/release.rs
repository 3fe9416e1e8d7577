//! A generation that proved good, with what it was built from and what else follows the configuration.

use std::sync::Arc;

use dropins_host::Digest;
use futures_util::future::BoxFuture;
use rustls::ServerConfig;

use super::compiled::Compiled;
use super::error::BuildError;
use super::live::Live;
use super::restart::PendingRestart;
use super::snapshot::Snapshot;
use super::tls::Identity;

/// What can be published, and published again.
#[derive(Clone)]
pub struct Release {
    /// What serves requests.
    pub live: Arc<Live>,
    /// What it was built from.
    pub snapshot: Arc<Snapshot>,
    /// For the HTTPS listener, when there is one.
    pub tls: Option<Arc<ServerConfig>>,
    /// Sections of its file that wait for a restart.
    pub held: Vec<PendingRestart>,
}

impl Release {
    /// Builds everything that the snapshot describes.
    ///
    /// # Errors
    /// [`BuildError`] with every problem.
    pub fn build(compiled: Compiled, number: u64) -> BoxFuture<'static, Result<Self, BuildError>> {
        Box::pin(async move {
            let (snapshot, held) = (Arc::clone(&compiled.snapshot), compiled.held.clone());
            let tls = snapshot.tls.clone().transpose()?.map(|identity| identity.server_config()).transpose()?;
            let path = compiled.resources.home.deployment_toml();
            let live = Live::build(compiled, number).await;
            let live = Arc::new(live.map_err(|error| BuildError::Live { path, error })?);
            Ok(Self { live, snapshot, tls, held })
        })
    }

    /// The number of its generation.
    pub fn number(&self) -> u64 {
        self.live.generation.number()
    }

    /// Name and digest of every plug-in, in the order in which they are asked.
    fn plugins(&self) -> Vec<(&str, Digest)> {
        let handlers = self.live.generation.handlers().iter();
        handlers.map(|handler| (handler.id().name.as_str(), handler.id().digest)).collect()
    }

    /// What is different from an older release: plug-ins with both digests, then the configuration.
    pub fn changes_since(&self, old: &Self) -> Vec<String> {
        let (before, after) = (old.plugins(), self.plugins());
        let find = |list: &[(&str, Digest)], name: &str| {
            list.iter().find(|(other, _)| *other == name).map(|(_, digest)| digest.short())
        };
        let mut changes = Vec::new();
        for (name, digest) in &after {
            match find(&before, name) {
                Some(other) if other == digest.short() => {}
                Some(other) => changes.push(format!("{name} {other} -> {}", digest.short())),
                None => changes.push(format!("{name} {} added", digest.short())),
            }
        }
        let gone = before.iter().filter(|(name, _)| find(&after, name).is_none());
        changes.extend(gone.map(|(name, digest)| format!("{name} {} removed", digest.short())));
        if old.live.deployment != self.live.deployment {
            changes.push("configuration".to_owned());
        }
        if old.snapshot.key_files.as_ref().ok() != self.snapshot.key_files.as_ref().ok() {
            changes.push("key files".to_owned());
        }
        let certificate =
            |release: &Self| release.snapshot.tls.as_ref().and_then(|tls| tls.as_ref().ok()).map(Identity::digest);
        if certificate(old) != certificate(self) {
            changes.push("certificate".to_owned());
        }
        changes
    }
}
