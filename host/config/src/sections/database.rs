//! `[database.identity_db]`: the identity database, embedded or on a server.
//!
//! A server is named by its parts, as in WSO2 Identity Server, or by one URL, which may be a `jdbc:` one. A URL of
//! another kind of database is refused; no message repeats a URL, because it may hold a password.

use dropins_database::ServerUrl;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::jdbc;

/// The identity database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The embedded SQLite database of the home folder.
    Sqlite,
    /// A PostgreSQL server.
    Postgres(ServerUrl),
    /// A MySQL or MariaDB server.
    Mysql(ServerUrl),
}

/// What the addresses of one kind of server have in common.
pub(super) struct Scheme {
    /// What a URL may begin with; the first is the usual one.
    names: &'static [&'static str],
    port: u16,
}

pub(super) const REDIS: Scheme = Scheme { names: &["redis", "rediss", "valkey"], port: 6379 };
const POSTGRES: Scheme = Scheme { names: &["postgresql", "postgres"], port: 5432 };
const MYSQL: Scheme = Scheme { names: &["mysql", "mariadb"], port: 3306 };

const TYPE: &str = "database.identity_db.type";
const URL: &str = "database.identity_db.url";
const HOSTNAME: &str = "database.identity_db.hostname";
const PORT: &str = "database.identity_db.port";
const NAME: &str = "database.identity_db.name";
const USERNAME: &str = "database.identity_db.username";
const PASSWORD: &str = "database.identity_db.password";

impl Database {
    /// Nothing when it cannot be reached as it is written, which is reported.
    pub(super) fn read(settings: &Section, findings: &mut Findings) -> Option<Self> {
        let server = |scheme, findings: &mut Findings| {
            let url = match settings.lacks(URL) {
                true => by_parts(settings, scheme, findings),
                false => by_url(settings, scheme, findings),
            };
            let (username, password) = (settings.text(USERNAME), settings.text(PASSWORD));
            url.map(|url| url.with_credentials(username.as_deref(), password.as_deref()))
        };
        match kind(settings).as_str() {
            "postgre" | "postgresql" | "postgres" => server(&POSTGRES, findings).map(Self::Postgres),
            "mysql" | "mariadb" => server(&MYSQL, findings).map(Self::Mysql),
            "sqlite" | "h2" => {
                for path in
                    [HOSTNAME, PORT, NAME, USERNAME, PASSWORD, URL].into_iter().filter(|path| settings.has(path))
                {
                    findings.notice(&settings.span(path), path, "accepted, without meaning here");
                }
                Some(Self::Sqlite)
            }
            _ => {
                let problem =
                    Problem::new(Code::BadValue, settings.span(URL), URL, format!("`{URL}` has no driver here"));
                findings.problem(problem.help("the identity database is sqlite, postgre, mysql or mariadb"));
                None
            }
        }
    }

    /// The key that holds the address of the server.
    pub(super) fn address_key(settings: &Section) -> &'static str {
        if settings.has(URL) { URL } else { HOSTNAME }
    }
}

/// The kind of database: the one that is given, else that of the URL.
fn kind(settings: &Section) -> String {
    let url = settings.text(URL).filter(|_| settings.lacks(TYPE));
    let scheme =
        url.as_deref().map(|url| url.strip_prefix("jdbc:").unwrap_or(url)).and_then(|url| url.split(':').next());
    scheme.map(str::to_ascii_lowercase).or_else(|| settings.text(TYPE)).unwrap_or_default()
}

fn by_url(settings: &Section, scheme: &Scheme, findings: &mut Findings) -> Option<ServerUrl> {
    for path in [HOSTNAME, PORT, NAME].into_iter().filter(|path| settings.has(path)) {
        let message = format!("`{path}` and `{URL}` exclude each other");
        findings.problem(Problem::new(Code::Conflict, settings.span(path), path, message));
    }
    address(settings, URL, scheme, findings)
}

fn by_parts(settings: &Section, scheme: &Scheme, findings: &mut Findings) -> Option<ServerUrl> {
    if settings.lacks(HOSTNAME) || settings.lacks(NAME) {
        let message = "a database server needs `hostname` and `name`, or one `url`";
        findings.problem(Problem::new(Code::Missing, settings.span(TYPE), "database.identity_db", message));
    }
    let (host, name) = (settings.text(HOSTNAME)?, settings.text(NAME)?);
    let port = settings.integer(PORT).and_then(|port| u16::try_from(port).ok()).unwrap_or(scheme.port);
    let kind = scheme.names.first()?;
    ServerUrl::of(kind, &host, Some(port), &name)
        .map_err(|error| {
            let message = format!("`{HOSTNAME}` is a host name or an address: {error}");
            findings.problem(Problem::new(Code::BadValue, settings.span(HOSTNAME), HOSTNAME, message));
        })
        .ok()
}

/// The URL at this path, with the port that is usual for its scheme where it has none.
pub(super) fn address(
    settings: &Section,
    path: &'static str,
    scheme: &Scheme,
    findings: &mut Findings,
) -> Option<ServerUrl> {
    let text = settings.text(path)?;
    let span = settings.span(path);
    let kind = scheme.names.first().copied().unwrap_or_default();
    let refusal = |message: String| {
        let help = format!("write {kind}://user:password@host:{}/database", scheme.port);
        Problem::new(Code::BadValue, span.clone(), path, message).help(help)
    };
    let read = match text.strip_prefix("jdbc:") {
        None => ServerUrl::parse(&text).map_err(|error| error.to_string()),
        Some(jdbc) => jdbc::parse(jdbc).map_err(|error| error.to_string()).map(|(url, ignored)| {
            if !ignored.is_empty() {
                let message = format!("accepted, without meaning here: {}", ignored.join(", "));
                findings.notice(&span, path, message);
            }
            url
        }),
    };
    match read {
        Ok(url) if scheme.names.contains(&url.scheme()) => Some(url.with_default_port(scheme.port)),
        Ok(_) => {
            findings.problem(refusal(format!("`{path}` is not the URL of a {kind} server")));
            None
        }
        Err(message) => {
            findings.problem(refusal(message));
            None
        }
    }
}
