//! Where the home or its configuration says that clients, users and used assertions are kept.

use std::sync::Arc;

use dropins_host::services::Clock;
use dropins_replay::{Location, OpenError, ReplaySettings, ServerUrl};

use crate::clients::StoredClients;
use crate::config::{self, Deployment, ReplayStore};
use crate::database::{self, Database, SCHEMA};
use crate::home::Home;
use crate::identity::IdentityStore;

/// The identity database of a home, with its tables up to date.
///
/// # Errors
/// [`OpenError`] says why it cannot be opened.
pub async fn open_database(home: &Home, deployment: &Deployment) -> Result<Database, OpenError> {
    Database::open(&database_location(home, deployment), &SCHEMA).await
}

/// Where the identity database is.
pub(super) fn database_location(home: &Home, deployment: &Deployment) -> database::Location {
    match &deployment.database {
        config::Database::Sqlite => database::Location::Sqlite(home.database()),
        config::Database::Postgres(url) => database::Location::Postgres(server(home, url)),
        config::Database::Mysql(url) => database::Location::Mysql(server(home, url)),
    }
}

/// A server whose certificate file stands, like every other file that the configuration names, beside it.
fn server(home: &Home, url: &ServerUrl) -> ServerUrl {
    url.clone().with_files_in(&home.conf())
}

/// The clients of the identity database.
pub fn stored_clients(database: &Database, clock: Arc<dyn Clock>) -> Arc<StoredClients> {
    Arc::new(StoredClients::new(IdentityStore::new(database.clone()), clock))
}

/// Where used assertions are kept.
pub(crate) fn replay_location(home: &Home, deployment: &Deployment) -> Location {
    match (&deployment.replay_store, &deployment.database) {
        (ReplayStore::Memory, _) => Location::Memory,
        (ReplayStore::Redis(url), _) => Location::Redis(server(home, url)),
        (ReplayStore::IdentityDb, config::Database::Sqlite) => Location::Sqlite(home.database()),
        (ReplayStore::IdentityDb, config::Database::Postgres(url)) => Location::Postgres(server(home, url)),
        (ReplayStore::IdentityDb, config::Database::Mysql(url)) => Location::Mysql(server(home, url)),
    }
}

/// The settings of the store of used assertions.
pub(super) fn replay_settings(home: &Home, deployment: &Deployment) -> ReplaySettings {
    let mut settings = ReplaySettings::new(replay_location(home, deployment));
    (settings.cache_timeout, settings.cache_capacity) = deployment.replay_cache.size();
    settings
}
