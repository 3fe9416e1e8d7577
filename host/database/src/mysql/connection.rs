//! Sessions on a MariaDB or MySQL database.
//!
//! A session reads what is committed (no gaps are locked), waits a second for a lock at most, and rejects a value that would
//! be cut or rounded. None begins on a read-only server, even if the user may write there. TLS verifies chain and host name.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use mysql_async::{Conn, Error, Opts, OptsBuilder, ServerError, SslOpts, prelude::Queryable};

use crate::{error::StoreError, open_error::OpenError, server_url::ServerUrl, sessions::Connect};

const SETUP: &[&str] = &[
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = 1",
    "SET SESSION autocommit = 1",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES'",
];

/// Answers `0` or `OFF` for each switch that forbids writes; a replica has the first one on.
const READ_ONLY: &str = "SELECT CONCAT(@@GLOBAL.read_only), CONCAT(@@GLOBAL.innodb_read_only)";

/// Counts this user's privileges to write although the server is read-only.
const UNSTOPPABLE: &str = "
    SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES
    WHERE PRIVILEGE_TYPE IN ('SUPER', 'READ_ONLY ADMIN', 'READ ONLY ADMIN', 'CONNECTION_ADMIN')
    AND REPLACE(GRANTEE, '''', '') = CURRENT_USER()";

/// The codes of a read-only server: an option, the transaction or the engine prevents the statement.
const IS_READ_ONLY: &[u16] = &[1290, 1792, 1836];

/// Begins sessions.
#[derive(Clone)]
pub struct Connector {
    options: Opts,
    /// How long a decision may take.
    pub timeout: Duration,
    /// The address for messages.
    pub database: Arc<str>,
}

impl Connector {
    /// Sessions on the database with this address. Does not connect yet.
    ///
    /// # Errors
    /// [`OpenError::BadUrl`].
    pub fn new(url: &ServerUrl, timeout: Duration) -> Result<Self, OpenError> {
        let bad = |detail: String| OpenError::BadUrl { detail };
        let options = Opts::from_url(&url.for_driver("mysql")).map_err(|error| bad(error.to_string()))?;
        if options.db_name().is_none_or(str::is_empty) {
            return Err(bad("it names no database".to_owned()));
        }
        let tls = url.tls().map(|tls| match &tls.roots {
            Some(roots) => {
                SslOpts::default().with_root_certs(vec![roots.clone().into()]).with_disable_built_in_roots(true)
            }
            None => SslOpts::default(),
        });
        let options = OptsBuilder::from_opts(options)
            .ssl_opts(tls)
            .setup(SETUP.to_vec())
            // A socket would be looked for on the server's host name, which is not always this machine.
            .prefer_socket(false)
            .stmt_cache_size(0);
        Ok(Self { options: options.into(), timeout, database: url.shown().into() })
    }

    /// The same sessions with so many prepared statements each, whose updates count the rows that they find.
    #[must_use]
    pub fn prepared(mut self, statements: usize) -> Self {
        self.options = OptsBuilder::from_opts(self.options).stmt_cache_size(statements).client_found_rows(true).into();
        self
    }

    /// A session.
    ///
    /// # Errors
    /// As the driver's, or the server's own error 1836 when it is read-only; [`describe`] tells them without values.
    pub fn connect(&self) -> BoxFuture<'_, Result<Conn, Error>> {
        Box::pin(async move {
            let mut session = Conn::new(self.options.clone()).await?;
            if is_on_primary(&mut session).await? {
                return Ok(session);
            }
            let message = "Running in read-only mode".to_owned();
            Err(Error::Server(ServerError { code: 1836, message, state: "HY000".to_owned() }))
        })
    }

    /// The first session.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn open(&self) -> BoxFuture<'_, Result<Conn, OpenError>> {
        Box::pin(async move {
            let connected = tokio::time::timeout(self.timeout.max(Duration::from_secs(5)), self.connect()).await;
            let late =
                |_| OpenError::Unreachable { database: self.database.to_string(), detail: "no answer".to_owned() };
            connected.map_err(late)?.map_err(|error| meaning(&self.database, &error))
        })
    }

    /// A setting with which this server, though fit, can lose commits.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be asked.
    pub fn risk<'a>(&'a self, session: &'a mut Conn) -> BoxFuture<'a, Result<Option<&'static str>, OpenError>> {
        Box::pin(async move {
            let fail = |error| meaning(&self.database, &error);
            let flush: Option<u8> =
                session.query_first("SELECT @@innodb_flush_log_at_trx_commit").await.map_err(fail)?;
            if flush != Some(1) {
                let risk =
                    "innodb_flush_log_at_trx_commit is not 1: a power failure can make used assertions valid again";
                return Ok(Some(risk));
            }
            let unstoppable: Option<u64> = session.query_first(UNSTOPPABLE).await.map_err(fail)?;
            let risk = "the user may write although the server is read-only: a former primary goes on to accept assertions; \
                    revoke SUPER, READ_ONLY ADMIN and CONNECTION_ADMIN";
            Ok((unstoppable != Some(0)).then_some(risk))
        })
    }
}

impl Connect for Connector {
    type Session = Conn;

    async fn connect(&self) -> Result<Conn, StoreError> {
        Self::connect(self).await.map_err(|error| StoreError::unavailable(describe(&error)))
    }

    async fn is_on_primary(&self, session: &mut Conn) -> bool {
        matches!(is_on_primary(session).await, Ok(true))
    }
}

/// Whether the server takes writes. A former primary still answers reads.
///
/// # Errors
/// As the driver's, when the session is lost.
pub fn is_on_primary(session: &mut Conn) -> BoxFuture<'_, Result<bool, Error>> {
    Box::pin(async move {
        let switches: Option<(String, String)> = session.query_first(READ_ONLY).await?;
        let off = |switch: &str| ["0", "OFF"].contains(&switch);
        Ok(switches.is_some_and(|(server, engine)| off(&server) && off(&engine)))
    })
}

/// What happened, without values: the server's sentence for a duplicate repeats the key.
pub fn describe(error: &Error) -> String {
    match error {
        Error::Server(server) if server.code == 1062 => "a row is there already (1062)".to_owned(),
        Error::Server(server) => format!("{} ({})", server.message, server.code),
        error => error.to_string(),
    }
}

/// Whether the transaction lost a conflict with another one, by a deadlock (1213) or because a row changed after the snapshot
/// (1020): it was rolled back and may be repeated.
pub fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::Server(server) if [1213, 1020].contains(&server.code))
}

/// Whether a row with the same key exists already.
pub fn is_duplicate(error: &Error) -> bool {
    matches!(error, Error::Server(server) if server.code == 1062)
}

/// The meaning of an error while the store is opened.
pub fn meaning(database: &str, error: &Error) -> OpenError {
    let (database, detail) = (database.to_owned(), describe(error));
    match error {
        Error::Server(server) if IS_READ_ONLY.contains(&server.code) => OpenError::ReadOnly { database },
        Error::Server(server) if [1040, 1053].contains(&server.code) => OpenError::Unreachable { database, detail },
        Error::Server(_) => OpenError::Refused { database, detail },
        _ => OpenError::without_answer(database, error, detail),
    }
}
