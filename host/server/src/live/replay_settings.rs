//! Where used assertions are kept, by the configuration of a home.

use dropins_config::home::server;
use dropins_config::{Database, Deployment, Home, ReplayStore};
use dropins_replay::{Location, ReplaySettings};

/// Where used assertions are kept.
pub fn replay_location(home: &Home, deployment: &Deployment) -> Location {
    match (&deployment.replay_store, &deployment.database) {
        (ReplayStore::Memory, _) => Location::Memory,
        (ReplayStore::Redis(url), _) => Location::Redis(server(home, url)),
        (ReplayStore::IdentityDb, Database::Sqlite) => Location::Sqlite(home.database()),
        (ReplayStore::IdentityDb, Database::Postgres(url)) => Location::Postgres(server(home, url)),
        (ReplayStore::IdentityDb, Database::Mysql(url)) => Location::Mysql(server(home, url)),
    }
}

/// The settings of the store of used assertions.
pub fn replay_settings(home: &Home, deployment: &Deployment) -> ReplaySettings {
    let mut settings = ReplaySettings::new(replay_location(home, deployment));
    (settings.cache_timeout, settings.cache_capacity) = deployment.replay_cache.size();
    settings
}
