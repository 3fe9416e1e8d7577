//! Connections to upstreams, kept across changes of the configuration that do not concern them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use dropins_config::Upstream as Config;

use crate::metadata_cache::Cache;
use crate::roots::{BadRoots, tls_config};
use crate::send::Sender;

/// What a connection depends on.
#[derive(Clone, PartialEq, Eq)]
struct Address {
    issuer: String,
    target: String,
    roots: Option<String>,
    timeouts: [Duration; 2],
}

/// What outlives a change that does not concern it.
pub(crate) struct Kept {
    pub(crate) sender: Sender,
    pub(crate) metadata: Cache,
}

type All = Vec<(Address, Weak<Kept>)>;

/// All of them; those that no configuration uses any more are closed.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<All>>);

impl Connections {
    /// The connections of an upstream with these roots, PEM.
    pub(crate) fn of(&self, config: &Config, roots: Option<&str>) -> Result<Arc<Kept>, BadRoots> {
        let address = Address {
            issuer: config.issuer.as_str().to_owned(),
            target: config.target.as_str().to_owned(),
            roots: roots.map(str::to_owned),
            timeouts: [config.connection_timeout, config.read_timeout],
        };
        let mut all = self.0.lock();
        all.retain(|(_, kept)| kept.strong_count() > 0);
        if let Some(kept) = all.iter().find(|(other, _)| *other == address).and_then(|(_, kept)| kept.upgrade()) {
            return Ok(kept);
        }
        let tls = tls_config(roots)?;
        let sender = Sender::new(tls, config.connection_timeout, config.read_timeout);
        let kept = Arc::new(Kept { sender, metadata: Cache::default() });
        all.push((address, Arc::downgrade(&kept)));
        Ok(kept)
    }
}
