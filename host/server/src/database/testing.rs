//! Fresh databases for tests, one of each engine that is installed.

use std::path::PathBuf;

use dropins_replay::ServerUrl;

use self::servers::{Pair, Server};
use super::{Database, Location};

#[path = "../../../replay/tests/servers/mod.rs"]
pub(crate) mod servers;

/// An empty database for one test.
pub(crate) struct Fresh {
    /// The engine, for messages of tests.
    pub(crate) engine: &'static str,
    /// Where it is.
    pub(crate) location: Location,
    /// The database server and the name of the database there.
    pub(crate) server: Option<(&'static Server, String)>,
    _folder: tempfile::TempDir,
}

impl Fresh {
    /// An empty SQLite file.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("identity.db"));
        Self { engine: "sqlite", location, server: None, _folder: folder }
    }

    /// One on each engine.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let postgres = || Self::on("postgres", servers::postgres(), Location::Postgres);
        let mariadb = || Self::on("mariadb", servers::mariadb(), Location::Mysql);
        let engines: [&dyn Fn() -> Option<Self>; 3] = [&|| Some(Self::sqlite()), &postgres, &mariadb];
        engines.into_iter().filter_map(|engine| engine()).collect::<Vec<_>>().into_iter()
    }

    /// One on each kind of pair of a primary and a replica; the pair lasts as long as the tests.
    pub(crate) fn pairs() -> impl Iterator<Item = (Self, &'static Pair)> {
        let on = |engine, pair: Option<Pair>, at| {
            let pair: &'static Pair = Box::leak(Box::new(pair?));
            Some((Self::on(engine, Some(&pair.primary), at)?, pair))
        };
        let pairs =
            [on("postgres", Pair::postgres(), Location::Postgres), on("mariadb", Pair::mariadb(), Location::Mysql)];
        pairs.into_iter().flatten()
    }

    fn on(engine: &'static str, server: Option<&'static Server>, at: fn(ServerUrl) -> Location) -> Option<Self> {
        let server = server?;
        let name = server.create_database();
        let location = at(ServerUrl::parse(&server.url(&name)).unwrap());
        Some(Self { engine, location, server: Some((server, name)), _folder: tempfile::tempdir().unwrap() })
    }

    /// The database, opened as by one more process.
    pub(crate) async fn open(&self) -> Database {
        Database::open(&self.location).await.unwrap_or_else(|error| panic!("{}: {error}", self.engine))
    }

    /// The same database by way of another port.
    pub(crate) fn by(&self, port: u16) -> Location {
        let (server, name) = self.server.as_ref().unwrap();
        self.at(&server.url_by(port, name))
    }

    /// A database of the same kind at another URL.
    pub(crate) fn at(&self, url: &str) -> Location {
        let url = ServerUrl::parse(url).unwrap();
        match self.location {
            Location::Sqlite(_) => unreachable!(),
            Location::Postgres(_) => Location::Postgres(url),
            Location::Mysql(_) => Location::Mysql(url),
        }
    }

    /// The file of SQLite.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        match &self.location {
            Location::Sqlite(path) => Some(path.clone()),
            _ => None,
        }
    }
}

/// Runs a case on a fresh database of each engine, one after the other.
pub(crate) async fn on_every_engine(case: impl AsyncFn(Fresh)) {
    for fresh in Fresh::all() {
        println!("on {}", fresh.engine);
        case(fresh).await;
    }
}
