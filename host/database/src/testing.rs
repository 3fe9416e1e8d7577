//! Fresh databases for tests, one of each engine that is installed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
#![allow(dead_code, reason = "the tests of other crates use a part of it")]

use std::path::PathBuf;

use self::servers::{Pair, Server};
use crate::database::Database;
use crate::location::Location;
use crate::schema::Schema;
use crate::server_url::ServerUrl;

#[path = "../../replay/tests/servers/mod.rs"]
pub(crate) mod servers;

/// An empty database for one test.
pub struct Fresh {
    /// The engine, for messages of tests.
    pub engine: &'static str,
    /// Where it is.
    pub location: Location,
    /// The database server and the name of the database there.
    pub(crate) server: Option<(&'static Server, String)>,
    schema: &'static Schema,
    _folder: tempfile::TempDir,
}

impl Fresh {
    /// An empty SQLite file.
    pub fn sqlite(schema: &'static Schema) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("fresh.db"));
        Self { engine: "sqlite", location, server: None, schema, _folder: folder }
    }

    /// One on each engine.
    pub fn all(schema: &'static Schema) -> impl Iterator<Item = Self> {
        let postgres = || Self::on("postgres", servers::postgres(), Location::Postgres, schema);
        let mariadb = || Self::on("mariadb", servers::mariadb(), Location::Mysql, schema);
        let engines: [&dyn Fn() -> Option<Self>; 3] = [&|| Some(Self::sqlite(schema)), &postgres, &mariadb];
        engines.into_iter().filter_map(|engine| engine()).collect::<Vec<_>>().into_iter()
    }

    /// One on each kind of pair of a primary and a replica; the pair lasts as long as the tests.
    pub(crate) fn pairs(schema: &'static Schema) -> impl Iterator<Item = (Self, &'static Pair)> {
        let on = |engine, pair: Option<Pair>, at| {
            let pair: &'static Pair = Box::leak(Box::new(pair?));
            Some((Self::on(engine, Some(&pair.primary), at, schema)?, pair))
        };
        let pairs =
            [on("postgres", Pair::postgres(), Location::Postgres), on("mariadb", Pair::mariadb(), Location::Mysql)];
        pairs.into_iter().flatten()
    }

    fn on(
        engine: &'static str,
        server: Option<&'static Server>,
        at: fn(ServerUrl) -> Location,
        schema: &'static Schema,
    ) -> Option<Self> {
        let server = server?;
        let name = server.create_database();
        let location = at(ServerUrl::parse(&server.url(&name)).unwrap());
        Some(Self { engine, location, server: Some((server, name)), schema, _folder: tempfile::tempdir().unwrap() })
    }

    /// The database, opened as by one more process.
    pub async fn open(&self) -> Database {
        Database::open(&self.location, self.schema).await.unwrap_or_else(|error| panic!("{}: {error}", self.engine))
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
            Location::Sqlite(_) => panic!("a file has no URL"),
            Location::Postgres(_) => Location::Postgres(url),
            Location::Mysql(_) => Location::Mysql(url),
        }
    }

    /// The file of SQLite.
    pub fn path(&self) -> Option<PathBuf> {
        match &self.location {
            Location::Sqlite(path) => Some(path.clone()),
            _ => None,
        }
    }
}

/// Runs a case on a fresh database of each engine, one after the other.
pub async fn on_every_engine(schema: &'static Schema, case: impl AsyncFn(Fresh)) {
    for fresh in Fresh::all(schema) {
        println!("on {}", fresh.engine);
        case(fresh).await;
    }
}
