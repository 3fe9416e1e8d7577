//! The settings of the store; the server maps its configuration file to them.

use std::{fmt, time::Duration};

/// Where the pairs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The table `IDN_OIDC_JTI` of this database, which other components may use too.
    #[cfg(feature = "_sql")]
    Database(dropins_database::Location),
    /// Keys of a Redis or Valkey server.
    #[cfg(feature = "redis")]
    Redis(dropins_database::ServerUrl),
    /// The memory of this process: forgotten at a restart, unknown to other nodes. Only by the operator's explicit word.
    Memory,
}

impl Location {
    /// One word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            #[cfg(feature = "_sql")]
            Self::Database(location) => location.kind(),
            #[cfg(feature = "redis")]
            Self::Redis(_) => "redis",
            Self::Memory => "memory",
        }
    }
}

#[cfg(feature = "_sql")]
impl From<dropins_database::Location> for Location {
    fn from(location: dropins_database::Location) -> Self {
        Self::Database(location)
    }
}

/// The path or the address, without the password.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "_sql")]
            Self::Database(location) => location.fmt(formatter),
            #[cfg(feature = "redis")]
            Self::Redis(url) => formatter.write_str(&url.shown()),
            Self::Memory => formatter.write_str("the memory of this process"),
        }
    }
}

/// The settings of a [`JtiStore`](crate::JtiStore).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaySettings {
    /// Where the pairs are kept.
    pub location: Location,
    /// How long a decision may take; then it is unavailable. A lock that another process holds is waited for half as
    /// long, or for a second where the database counts in whole seconds.
    pub timeout: Duration,
    /// How many decisions may wait for the writer; one more is unavailable at once. At least 1.
    pub queue: usize,
    /// How many decisions may share one transaction. At least 1.
    pub max_batch: usize,
    /// How long the cache keeps a pair (`timeout` of the cache `PrivateKeyJWT`); zero turns the cache off.
    pub cache_timeout: Duration,
    /// How many pairs the cache keeps (`capacity`); zero turns the cache off.
    pub cache_capacity: u64,
    /// How often expired pairs are purged.
    pub purge_interval: Duration,
    /// How many pairs one purge transaction deletes at most: no decision waits for more than one of them.
    pub purge_batch: usize,
    /// How long an expired pair is kept. It must exceed the difference between the clocks of any two nodes, so that
    /// no node forgets a pair that another one still needs.
    pub purge_margin: Duration,
}

impl ReplaySettings {
    /// The default settings of a store that is kept there.
    pub fn new(location: Location) -> Self {
        Self {
            location,
            timeout: Duration::from_secs(2),
            queue: 4096,
            max_batch: 256,
            cache_timeout: Duration::from_secs(10),
            cache_capacity: 5000,
            purge_interval: Duration::from_secs(60),
            purge_batch: 256,
            purge_margin: Duration::from_secs(300),
        }
    }
}
