//! Where used assertions are kept, by the configuration of a home.

use dropins_config::home::{identity_database, server};
use dropins_config::{Deployment, Home, ReplayStore};
use dropins_replay::{Location, ReplaySettings};

/// Where used assertions are kept.
pub fn replay_location(home: &Home, deployment: &Deployment) -> Location {
    match &deployment.replay_store {
        ReplayStore::Memory => Location::Memory,
        ReplayStore::Redis(url) => Location::Redis(server(home, url)),
        ReplayStore::IdentityDb => Location::Database(identity_database(home, deployment)),
    }
}

/// The settings of the store of used assertions.
pub fn replay_settings(home: &Home, deployment: &Deployment) -> ReplaySettings {
    let mut settings = ReplaySettings::new(replay_location(home, deployment));
    (settings.cache_timeout, settings.cache_capacity) = deployment.replay_cache.size();
    settings
}
