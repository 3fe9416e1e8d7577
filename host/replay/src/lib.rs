//! The memory of used client assertions: a pair (client, `jti`) is accepted once until it has expired.
//!
//! [`JtiStore`] puts a cache in front of a group commit in front of a [`Backend`]. One atomic statement of the
//! backend decides, and a verdict is given only after the commit that contains it. Every failure is
//! [`Unavailable`](dropins_services::Unavailable): none is ever reported as a first use.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod backend;
mod cache;
mod capacity;
mod deadline;
mod entry;
mod executor;
mod group_commit;
#[cfg(feature = "_sql")]
mod inherited;
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
mod outage;
#[cfg(feature = "postgres")]
mod postgres;
mod purge;
mod queue;
#[cfg(feature = "redis")]
mod redis;
mod retry;
mod settings;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stats;
mod store;
#[cfg(feature = "_sql")]
mod table;
mod writer;

#[cfg(feature = "mysql")]
pub use self::mysql::MysqlBackend;
#[cfg(feature = "postgres")]
pub use self::postgres::PostgresBackend;
#[cfg(feature = "redis")]
pub use self::redis::RedisBackend;
pub use backend::{Backend, Deleter, Reader, Size};
pub use cache::JtiCache;
pub use capacity::{BYTES_PER_PAIR, Capacity};
pub use dropins_database::OpenError;
#[cfg(feature = "_server")]
pub use dropins_database::ServerUrl;
pub use entry::{Entry, Key, MAX_BYTES, Outcome};
pub use group_commit::GroupCommit;
pub use memory::MemoryStore;
pub use purge::{PurgeTask, Purger};
pub use retry::Retry;
pub use settings::{Location, ReplaySettings};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;
pub use stats::Stats;
pub use store::{JtiStore, plan, risk};
