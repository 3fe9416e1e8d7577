//! Databases on real PostgreSQL, MariaDB and Redis servers, and the lines that make a home use them.
//!
//! Every database is new and empty. Tests share a server unless they end it. What is not installed skips its tests, or
//! fails them where everything is required.

use std::ops::Deref;

use crate::home::TestHome;
use crate::servers::{self, Pair, Server};

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Mariadb,
    Redis,
}

impl Engine {
    pub(crate) const ALL: [Self; 3] = [Self::Postgres, Self::Mariadb, Self::Redis];
}

/// A database on a server.
pub(crate) struct TestDatabase {
    pub(crate) engine: Engine,
    server: ServerHandle,
    name: String,
}

enum ServerHandle {
    Shared(&'static Server),
    Own(Box<Server>),
    Pair(Box<Pair>),
}

impl Deref for ServerHandle {
    type Target = Server;

    fn deref(&self) -> &Server {
        match self {
            Self::Shared(server) => server,
            Self::Own(server) => server,
            Self::Pair(pair) => &pair.primary,
        }
    }
}

impl TestDatabase {
    /// On the server that the tests share.
    pub(crate) fn new(engine: Engine) -> Option<Self> {
        let server = match engine {
            Engine::Postgres => servers::postgres(),
            Engine::Mariadb => servers::mariadb(),
            Engine::Redis => servers::redis(),
        };
        server.map(|server| Self::on(engine, ServerHandle::Shared(server)))
    }

    /// On a server of its own, which may be crashed; it ends when this is dropped.
    pub(crate) fn on_own_server(engine: Engine) -> Option<Self> {
        let server = match engine {
            Engine::Postgres => servers::own_postgres(),
            Engine::Mariadb => servers::own_mariadb(),
            Engine::Redis => servers::own_redis(),
        };
        server.map(|server| Self::on(engine, ServerHandle::Own(Box::new(server))))
    }

    /// On a primary with a replica, which may change places; both end when this is dropped.
    pub(crate) fn on_pair(engine: Engine) -> Option<Self> {
        let pair = match engine {
            Engine::Postgres => Pair::postgres(),
            Engine::Mariadb => Pair::mariadb(),
            Engine::Redis => Pair::redis(),
        };
        pair.map(|pair| Self::on(engine, ServerHandle::Pair(Box::new(pair))))
    }

    fn on(engine: Engine, server: ServerHandle) -> Self {
        let name = server.create_database();
        Self { engine, server, name }
    }

    /// The port of the server on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// The URL.
    pub(crate) fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// The URL by way of a proxy on another port.
    pub(crate) fn url_by(&self, port: u16) -> String {
        self.server.url_by(port, &self.name)
    }

    /// The URL with TLS.
    pub(crate) fn tls_url(&self) -> String {
        self.server.tls_url(&self.name)
    }

    /// URLs with TLS that cannot trust the server.
    pub(crate) fn untrusted_urls(&self) -> [String; 3] {
        self.server.untrusted_urls(&self.name)
    }

    /// The sections of `deployment.toml` that keep used assertions at this URL of the database.
    pub(crate) fn toml(&self, url: &str) -> String {
        let sections = |kind: &str, store: &str| {
            format!("[database.identity_db]\ntype = {kind}\n\n[replay_store]\ntype = {store}\n")
        };
        let on_a_server = |kind: &str| sections(&format!("\"{kind}\"\nurl = \"{url}\""), "\"identity_db\"");
        match self.engine {
            Engine::Postgres => on_a_server("postgre"),
            Engine::Mariadb => on_a_server("mysql"),
            Engine::Redis => sections("\"sqlite\"", &format!("\"redis\"\nurl = \"{url}\"")),
        }
    }

    /// Makes a fresh home keep used assertions at this URL of the database.
    pub(crate) fn configure_by(&self, home: &TestHome, url: &str) {
        const EMBEDDED: &str = "[database.identity_db]\ntype = \"sqlite\"\n";
        const IN_IT: &str = "[replay_store]\ntype = \"identity_db\"\n";
        home.replace(EMBEDDED, "").replace(IN_IT, &self.toml(url));
    }

    /// Runs statements by the server's own client and returns what they print.
    #[track_caller]
    pub(crate) fn execute(&self, statements: &str) -> String {
        self.server.execute(&self.name, statements).unwrap()
    }

    /// Ends the server as a crash does.
    pub(crate) fn crash(&self) {
        assert!(matches!(self.server, ServerHandle::Own(_)), "other tests use this server");
        self.server.crash();
    }

    /// Makes the replica the primary, and returns its port; the former primary answers reads only.
    pub(crate) fn switch(&self) -> u16 {
        let ServerHandle::Pair(pair) = &self.server else { panic!("the server has no replica") };
        pair.switch();
        pair.replica.port()
    }

    /// Starts it again and waits until it answers.
    pub(crate) fn restart(&self) {
        self.server.restart();
    }
}
