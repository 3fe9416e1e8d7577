//! The pairs as keys of a Redis or Valkey server.
//!
//! A batch is one script, which the server runs as one step. The value of a key is when its pair is free again, and that
//! alone decides; the server drops the key some time later by its own clock. What a commit is worth is the server's
//! setting: only `appendonly yes` with `appendfsync always` survives its crash, and a fail-over to a replica forgets what
//! had not reached it, because replication is asynchronous. A server that may evict keys is rejected, and so is a replica:
//! the script itself asks, because a server may become a replica while a connection is open.

mod connection;
mod key;

use std::{sync::Arc, time::Duration};

use ::redis::{AsyncCommands, Cmd, RedisError, Script, aio::MultiplexedConnection};
use dropins_database::{OpenError, ServerUrl};
use dropins_services::Unavailable;
use tokio::sync::Mutex;

use self::{
    connection::{Connector, is_to_primary},
    key::PREFIX,
};
use crate::{
    backend::{Backend, Reader, Size},
    entry::{Entry, Key, Outcome, down},
};

/// For each key its now, its new expiry and its time to live. Answers 0 for a pair that was free and is now taken, else
/// until when it is taken. Numbers are exact below 2^53. Fails on a replica, which may be set to take writes.
const REMEMBER: &str = "
    if not string.find(redis.call('INFO', 'replication'), 'role:master', 1, true) then
        return redis.error_reply('READONLY the server is a replica')
    end
    local outcomes = {}
    for i, key in ipairs(KEYS) do
        local now, expiry, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
        local taken = tonumber(redis.call('GET', key) or '0')
        if taken > tonumber(now) then
            outcomes[i] = taken
        else
            redis.call('SET', key, expiry, 'EX', ttl)
            outcomes[i] = 0
        end
    end
    return outcomes";

/// The largest number that a script compares exactly; as seconds, practically forever.
const FOREVER: u64 = (1 << 53) - 1;

/// The longest time to live in seconds that the server takes: it counts in signed milliseconds since 1970.
const LONGEST: u64 = 1 << 40;

/// The pairs in a Redis or Valkey server.
pub struct RedisBackend {
    connector: Connector,
    connection: Option<MultiplexedConnection>,
    remember: Script,
    /// How much longer a key lives than its pair, as nodes may disagree about the time.
    margin: u64,
}

impl RedisBackend {
    /// Connects, and learns whether the server is fit to remember. A key is kept for `margin` beyond its expiry.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub async fn open(url: &ServerUrl, timeout: Duration, margin: Duration) -> Result<Self, OpenError> {
        let connector = Connector::new(url, timeout)?;
        connector.open().await?;
        Ok(Self { connector, connection: None, remember: Script::new(REMEMBER), margin: margin.as_secs() })
    }

    /// What [`RedisBackend::open`] would change: nothing.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub async fn plan(url: &ServerUrl, timeout: Duration) -> Result<Vec<String>, OpenError> {
        Connector::new(url, timeout)?.open().await.map(|_| Vec::new())
    }

    /// What can make the server forget used assertions although it is fit to remember them.
    ///
    /// # Errors
    /// [`OpenError`], as far as `open` would fail with it.
    pub async fn risk(url: &ServerUrl, timeout: Duration) -> Result<Option<&'static str>, OpenError> {
        let connector = Connector::new(url, timeout)?;
        let mut connection = connector.open().await?;
        connector.risk(&mut connection).await
    }

    async fn connection(&mut self) -> Result<&mut MultiplexedConnection, Unavailable> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(self.connector.connect().await.map_err(failed)?)),
        }
    }

    /// How long the key lives, counted from the use by the clock of the use: what the server's own clock shows is of no
    /// account.
    fn ttl(&self, entry: &Entry) -> u64 {
        (entry.expires_at - entry.now).saturating_add(self.margin).clamp(1, LONGEST)
    }
}

#[async_trait::async_trait]
impl Backend for RedisBackend {
    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(RedisReader { connector: self.connector.clone(), connection: Mutex::new(None) })
    }

    async fn decide(&mut self, batch: &[&Entry]) -> Result<Vec<Outcome>, Unavailable> {
        let remember = self.remember.clone();
        let mut call = remember.prepare_invoke();
        for entry in batch {
            call.key(key::of(&entry.key));
            call.arg(entry.now.min(FOREVER - 1)).arg(entry.expires_at.min(FOREVER)).arg(self.ttl(entry));
        }
        let outcomes: Vec<u64> = call.invoke_async(self.connection().await?).await.map_err(failed)?;
        Ok(outcomes
            .into_iter()
            .map(|until| if until == 0 { Outcome::First } else { Outcome::Seen { until } })
            .collect())
    }

    async fn expiries(&mut self, keys: &[Key]) -> Result<Vec<Option<u64>>, Unavailable> {
        let keys: Vec<_> = keys.iter().map(key::of).collect();
        self.connection().await?.mget(keys).await.map_err(failed)
    }

    /// Also runs the script, which some server or user may not be able to.
    async fn probe(&mut self) -> Result<(), Unavailable> {
        let remember = self.remember.clone();
        let _none: Vec<u64> = remember.prepare_invoke().invoke_async(self.connection().await?).await.map_err(failed)?;
        let mut probe = Cmd::new();
        probe.arg("SET").arg("dropins:probe").arg(1).arg("EX").arg(1);
        probe.exec_async(self.connection().await?).await.map_err(failed)
    }

    async fn reconnect(&mut self) -> Result<(), Unavailable> {
        self.connection = None;
        self.connection().await.map(drop)
    }

    async fn close(self) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// Reads beside the writer, on a connection of its own.
struct RedisReader {
    connector: Connector,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisReader {
    /// A connection to a primary. An idle connection may be lost, belong to a runtime that has ended, or lead to a server
    /// that has become a replica, whose keys may be old.
    async fn connection(&self) -> Result<MultiplexedConnection, Unavailable> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = held.as_mut()
            && matches!(is_to_primary(connection).await, Ok(true))
        {
            return Ok(connection.clone());
        }
        let connection = self.connector.connect().await.map_err(failed)?;
        *held = Some(connection.clone());
        Ok(connection)
    }
}

#[async_trait::async_trait]
impl Reader for RedisReader {
    async fn expires_at(&self, key: &Key) -> Result<Option<u64>, Unavailable> {
        self.connection().await?.get(key::of(key)).await.map_err(failed)
    }

    async fn size(&self) -> Result<Size, Unavailable> {
        let mut connection = self.connection().await?;
        let (mut rows, mut cursor) = (0, 0_u64);
        loop {
            let mut scan = Cmd::new();
            scan.arg("SCAN").arg(cursor).arg("MATCH").arg(format!("{PREFIX}*")).arg("COUNT").arg(10_000);
            let (next, keys): (u64, Vec<Vec<u8>>) = scan.query_async(&mut connection).await.map_err(failed)?;
            rows += keys.len() as u64;
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        let memory = connection::info(&mut connection, "memory").await.map_err(failed)?;
        let bytes = memory.get("used_memory").and_then(|bytes| bytes.parse().ok()).unwrap_or_default();
        Ok(Size { rows, bytes })
    }
}

fn failed(error: RedisError) -> Unavailable {
    down(connection::describe(&error))
}
