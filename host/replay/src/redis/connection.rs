//! Connections to a Redis or Valkey server.
//!
//! Connecting and every answer are bounded by the time-out of a decision. TLS verifies chain and host name. Rejected are a
//! replica, even one that takes writes, because its primary overwrites them, and a server that may evict keys, because an
//! evicted pair is free.

use std::{collections::HashMap, fs, time::Duration};

use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, TlsCertificates,
    aio::MultiplexedConnection,
};

use dropins_database::{OpenError, ServerUrl};

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    client: Client,
    config: AsyncConnectionConfig,
    database: String,
}

impl Connector {
    pub(super) fn new(url: &ServerUrl, timeout: Duration) -> Result<Self, OpenError> {
        let bad = |detail: String| OpenError::BadUrl { detail };
        let address = url.for_driver(if url.tls().is_some() { "rediss" } else { "redis" });
        let client = match url.tls().and_then(|tls| tls.roots.as_ref()) {
            Some(path) => {
                let roots = fs::read(path).map_err(|error| bad(format!("sslrootcert {}: {error}", path.display())))?;
                Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert: Some(roots) })
            }
            None => Client::open(address),
        };
        let client = client.map_err(|error| bad(describe(&error)))?;
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(timeout)).set_response_timeout(Some(timeout));
        Ok(Self { client, config, database: url.shown() })
    }

    /// A connection to a primary, for which a task of this runtime works.
    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        match is_to_primary(&mut connection).await? {
            true => Ok(connection),
            false => Err((ErrorKind::Server(ServerErrorKind::ReadOnly), "the server is a replica").into()),
        }
    }

    /// The first connection, to a server that is fit to remember.
    pub(super) async fn open(&self) -> Result<MultiplexedConnection, OpenError> {
        let meaning = |error| self.meaning(&error);
        let mut connection = self.connect().await.map_err(meaning)?;
        let memory = info(&mut connection, "memory").await.map_err(meaning)?;
        let value = |name: &str| memory.get(name).map(String::as_str).unwrap_or_default();
        if !["", "0"].contains(&value("maxmemory")) && !["", "noeviction"].contains(&value("maxmemory_policy")) {
            let policy = value("maxmemory_policy");
            let detail = format!(
                "its maxmemory-policy {policy} evicts keys, and an evicted assertion is valid again; set noeviction"
            );
            return Err(OpenError::Unfit { database: self.database.clone(), detail });
        }
        Ok(connection)
    }

    /// What can make this server forget although it is fit.
    pub(super) async fn risk(&self, connection: &mut MultiplexedConnection) -> Result<Option<&'static str>, OpenError> {
        let persistence = info(connection, "persistence").await.map_err(|error| self.meaning(&error))?;
        let off = persistence.get("aof_enabled").is_none_or(|enabled| enabled != "1");
        Ok(off.then_some("appendonly is off: a crash of the server can make used assertions valid again"))
    }

    fn meaning(&self, error: &RedisError) -> OpenError {
        let (database, detail) = (self.database.clone(), describe(error));
        let unreachable = error.is_io_error() || error.is_timeout() || error.is_connection_dropped();
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::ReadOnly) => OpenError::ReadOnly { database },
            ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown) => {
                OpenError::Unreachable { database, detail }
            }
            kind if unreachable && kind != ErrorKind::AuthenticationFailed => {
                OpenError::without_answer(database, error, detail)
            }
            _ => OpenError::Refused { database, detail },
        }
    }
}

/// Whether the server is a primary. A former primary still answers reads.
pub(super) async fn is_to_primary(connection: &mut MultiplexedConnection) -> RedisResult<bool> {
    let replication = info(connection, "replication").await?;
    Ok(replication.get("role").is_some_and(|role| role == "master"))
}

/// A section of the server's description of itself.
pub(super) async fn info(
    connection: &mut MultiplexedConnection,
    section: &str,
) -> RedisResult<HashMap<String, String>> {
    let mut info = Cmd::new();
    let text: String = info.arg("INFO").arg(section).query_async(connection).await?;
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
}

/// What happened.
pub(super) fn describe(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::ReadOnly) => "the server is a replica (READONLY)".to_owned(),
        _ => error.to_string(),
    }
}
