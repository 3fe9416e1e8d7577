//! An empty place for the stores of one test, of every kind.

use std::sync::Arc;

#[cfg(any(feature = "postgres", feature = "mysql"))]
use dropins_database::Location as At;
#[cfg(feature = "_server")]
use dropins_replay::Location;
use dropins_replay::{JtiStore, ReplaySettings};
use dropins_services::FixedClock;

#[cfg(feature = "_server")]
use {
    super::GENEROUS,
    super::servers::{Pair, Proxy},
    dropins_replay::ServerUrl,
    std::time::Duration,
};

use super::{NOW, servers::Server};

/// A place that several stores of one test share.
pub(crate) struct Database {
    pub(crate) settings: ReplaySettings,
    /// The server and the name of the database there.
    pub(crate) server: Option<(&'static Server, String)>,
    /// Whether the server deletes expired pairs by its own clock, so that there is nothing to purge.
    pub(crate) forgets_by_itself: bool,
    _folder: Option<tempfile::TempDir>,
}

impl Database {
    /// Opens one more store on it.
    pub(crate) fn open(&self) -> Arc<JtiStore> {
        self.open_with(&self.settings)
    }

    /// Opens one more store on it with other settings.
    pub(crate) fn open_with(&self, settings: &ReplaySettings) -> Arc<JtiStore> {
        Arc::new(JtiStore::open(settings, Arc::new(FixedClock::at(NOW * 1000))).unwrap())
    }

    /// The same place by way of a proxy, with this time-out.
    #[cfg(feature = "_server")]
    pub(crate) fn through(&self, proxy: &Proxy, timeout: Duration) -> ReplaySettings {
        let (server, database) = self.server.as_ref().unwrap();
        let location = self.at(&server.url_by(proxy.port(), database));
        ReplaySettings { location, timeout, ..self.settings.clone() }
    }

    /// A place of the same kind at another URL.
    #[cfg(feature = "_server")]
    pub(crate) fn at(&self, url: &str) -> Location {
        let url = ServerUrl::parse(url).unwrap();
        match &self.settings.location {
            #[cfg(feature = "postgres")]
            Location::Database(At::Postgres(_)) => At::Postgres(url).into(),
            #[cfg(feature = "mysql")]
            Location::Database(At::Mysql(_)) => At::Mysql(url).into(),
            #[cfg(feature = "redis")]
            Location::Redis(_) => Location::Redis(url),
            location => location.clone(),
        }
    }

    /// A place on the primary of a pair that lasts as long as the tests.
    #[cfg(feature = "_server")]
    fn on_pair(pair: Pair, location: impl Fn(ServerUrl) -> Location) -> (Self, &'static Pair) {
        let pair: &'static Pair = Box::leak(Box::new(pair));
        (Self::on(&pair.primary, location), pair)
    }

    #[cfg(feature = "_server")]
    fn on(server: &'static Server, location: impl Fn(ServerUrl) -> Location) -> Self {
        let database = server.create_database();
        let url = ServerUrl::parse(&server.url(&database)).unwrap();
        let settings = ReplaySettings { timeout: GENEROUS, ..ReplaySettings::new(location(url)) };
        Self { settings, server: Some((server, database)), forgets_by_itself: false, _folder: None }
    }
}

#[cfg(feature = "sqlite")]
pub(crate) fn sqlite() -> Option<Database> {
    let folder = tempfile::tempdir().unwrap();
    let settings = super::settings(folder.path());
    Some(Database { settings, server: None, forgets_by_itself: false, _folder: Some(folder) })
}

#[cfg(feature = "postgres")]
pub(crate) fn postgres() -> Option<Database> {
    super::servers::postgres().map(|server| Database::on(server, |url| At::Postgres(url).into()))
}

#[cfg(feature = "mysql")]
pub(crate) fn mysql() -> Option<Database> {
    super::servers::mariadb().map(|server| Database::on(server, |url| At::Mysql(url).into()))
}

#[cfg(feature = "redis")]
pub(crate) fn redis() -> Option<Database> {
    super::servers::redis().map(|server| Database { forgets_by_itself: true, ..Database::on(server, Location::Redis) })
}

/// A place on a server with a replica.
#[cfg(feature = "postgres")]
pub(crate) fn postgres_pair() -> Option<(Database, &'static Pair)> {
    Pair::postgres().map(|pair| Database::on_pair(pair, |url| At::Postgres(url).into()))
}

/// A place on a server with a replica.
#[cfg(feature = "mysql")]
pub(crate) fn mysql_pair() -> Option<(Database, &'static Pair)> {
    Pair::mariadb().map(|pair| Database::on_pair(pair, |url| At::Mysql(url).into()))
}

/// A place on a server with a replica.
#[cfg(feature = "redis")]
pub(crate) fn redis_pair() -> Option<(Database, &'static Pair)> {
    Pair::redis().map(|pair| Database::on_pair(pair, Location::Redis))
}
