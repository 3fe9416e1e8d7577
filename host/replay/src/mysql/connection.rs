//! Sessions on a MariaDB or MySQL database.
//!
//! A session reads what is committed (no gaps are locked), waits a second for a lock at most, and refuses to cut or round
//! a value. TLS verifies chain and host name.

use std::{sync::Arc, time::Duration};

use mysql_async::{Conn, Error, Opts, OptsBuilder, SslOpts, prelude::Queryable};

use crate::{open_error::OpenError, server_url::ServerUrl};

const SETUP: &[&str] = &[
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = 1",
    "SET SESSION autocommit = 1",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES'",
];

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
    /// Sessions on the database with this address; nothing is asked yet.
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

    /// The same sessions for prepared statements, of which each keeps so many, and whose updates count the rows that
    /// they find, as those of other databases do.
    #[must_use]
    pub fn prepared(mut self, statements: usize) -> Self {
        self.options = OptsBuilder::from_opts(self.options).stmt_cache_size(statements).client_found_rows(true).into();
        self
    }

    /// A session.
    ///
    /// # Errors
    /// As the driver's; [`describe`] tells them without values.
    pub async fn connect(&self) -> Result<Conn, Error> {
        Conn::new(self.options.clone()).await
    }

    /// The first session.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub async fn open(&self) -> Result<Conn, OpenError> {
        let connected = tokio::time::timeout(self.timeout.max(Duration::from_secs(5)), self.connect()).await;
        let late = |_| OpenError::Unreachable { database: self.database.to_string(), detail: "no answer".to_owned() };
        connected.map_err(late)?.map_err(|error| meaning(&self.database, &error))
    }

    /// What can make this server forget although it is fit.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be asked.
    pub async fn risk(&self, session: &mut Conn) -> Result<Option<&'static str>, OpenError> {
        let flush = session.query_first::<u8, _>("SELECT @@innodb_flush_log_at_trx_commit").await;
        let lazy = flush.map_err(|error| meaning(&self.database, &error))? != Some(1);
        let risk = "innodb_flush_log_at_trx_commit is not 1: a power failure can make used assertions valid again";
        Ok(lazy.then_some(risk))
    }
}

/// What happened, without values: the server's sentence for a duplicate repeats the key.
pub fn describe(error: &Error) -> String {
    match error {
        Error::Server(server) if server.code == 1062 => "a row is there already (1062)".to_owned(),
        Error::Server(server) => format!("{} ({})", server.message, server.code),
        error => error.to_string(),
    }
}

/// The meaning of an error while the store is opened.
pub fn meaning(database: &str, error: &Error) -> OpenError {
    let (database, detail) = (database.to_owned(), describe(error));
    match error {
        Error::Server(server) if ![1040, 1053].contains(&server.code) => OpenError::Refused { database, detail },
        _ => OpenError::Unreachable { database, detail },
    }
}
