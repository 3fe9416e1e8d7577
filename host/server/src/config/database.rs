//! `[database.identity_db]` and `[replay_store]`: where data is kept.
//!
//! Kinds that this version cannot open are read in full and reported as unsupported.

use super::problem::{Code, Findings, Problem};
use super::secret::Secret;
use super::settings::Section;

/// The identity database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The embedded SQLite database of the home folder.
    Sqlite,
    /// A PostgreSQL server.
    Postgres(DatabaseServer),
    /// A MySQL or MariaDB server.
    Mysql(DatabaseServer),
}

/// How to reach a database server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseServer {
    /// By URL, without WSO2's `jdbc:` prefix.
    Url {
        /// The URL.
        url: Secret,
        /// User, when the URL does not name one.
        username: Option<String>,
        /// Password, when the URL does not hold one.
        password: Option<Secret>,
    },
    /// By its parts.
    Parts {
        /// Host.
        hostname: String,
        /// Port; the kind's own when absent.
        port: Option<u16>,
        /// Database.
        name: String,
        /// User.
        username: Option<String>,
        /// Password.
        password: Option<Secret>,
    },
}

/// Where used assertions are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayStore {
    /// In the table `IDN_OIDC_JTI` of the identity database.
    IdentityDb,
    /// In a Redis or Valkey server.
    Redis {
        /// Its URL.
        url: Secret,
    },
    /// In the memory of this process: for one node, until it stops.
    Memory,
}

const TYPE: &str = "database.identity_db.type";
const URL: &str = "database.identity_db.url";
const PARTS: &[&str] = &[
    "database.identity_db.hostname",
    "database.identity_db.port",
    "database.identity_db.name",
    "database.identity_db.username",
    "database.identity_db.password",
];

impl Database {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        let kind = settings.text("database.identity_db.type").unwrap_or_default();
        let database = match kind.as_str() {
            "postgre" | "postgresql" => DatabaseServer::read(settings, findings).map(Self::Postgres),
            "mysql" | "mariadb" => DatabaseServer::read(settings, findings).map(Self::Mysql),
            _ => {
                for path in PARTS.iter().chain([&URL]).filter(|path| settings.has(path)) {
                    let span = settings.span(path);
                    findings.notice(&span, *path, "accepted, without meaning for the embedded SQLite database");
                }
                return Self::Sqlite;
            }
        };
        let message = format!("the database type `{kind}` is not built into this version yet");
        let problem = Problem::new(Code::Unsupported, settings.span(TYPE), TYPE, message);
        findings.problem(problem.help("use type = \"sqlite\""));
        database.unwrap_or(Self::Sqlite)
    }
}

impl DatabaseServer {
    fn read(settings: &Section, findings: &mut Findings) -> Option<Self> {
        let username = settings.text("database.identity_db.username");
        let password = settings.secret("database.identity_db.password");
        if let Some(url) = settings.text("database.identity_db.url") {
            for path in PARTS.iter().take(3).filter(|path| settings.has(path)) {
                let message = format!("`{path}` and `{URL}` exclude each other");
                findings.problem(Problem::new(Code::Conflict, settings.span(path), *path, message));
            }
            let url = Secret::new(url.strip_prefix("jdbc:").unwrap_or(&url));
            return Some(Self::Url { url, username, password });
        }
        let (hostname, name) =
            (settings.text("database.identity_db.hostname"), settings.text("database.identity_db.name"));
        let (Some(hostname), Some(name)) = (hostname, name) else {
            let message = "a database server needs `hostname` and `name`, or one `url`";
            findings.problem(Problem::new(Code::Missing, settings.span(TYPE), "database.identity_db", message));
            return None;
        };
        let port = settings.integer("database.identity_db.port").and_then(|port| u16::try_from(port).ok());
        Some(Self::Parts { hostname, port, name, username, password })
    }
}

impl ReplayStore {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        let (path, span) = ("replay_store.type", settings.span("replay_store.type"));
        let kind = settings.text("replay_store.type").unwrap_or_default();
        let url = settings.secret("replay_store.url");
        if url.is_some() && kind != "redis" {
            let span = settings.span("replay_store.url");
            findings.notice(&span, "replay_store.url", format!("accepted, without meaning for type `{kind}`"));
        }
        match (kind.as_str(), url) {
            ("redis", Some(url)) => {
                let message = "the replay store `redis` is not built into this version yet";
                findings
                    .problem(Problem::new(Code::Unsupported, span, path, message).help("use type = \"identity_db\""));
                Self::Redis { url }
            }
            ("redis", None) => {
                findings.problem(Problem::new(
                    Code::Missing,
                    span,
                    "replay_store.url",
                    "the replay store `redis` needs a `url`",
                ));
                Self::IdentityDb
            }
            ("memory", _) => {
                findings.notice(&span, path, "used assertions are forgotten at a restart and not shared between nodes");
                Self::Memory
            }
            _ => Self::IdentityDb,
        }
    }
}
