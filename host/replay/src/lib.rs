//! The memory of used client assertions: a pair (client, `jti`) is accepted once until it has expired.
//!
//! [`JtiStore`] puts a cache in front of a group commit in front of a [`Backend`]. One atomic statement of the
//! backend decides, and a verdict is given only after the commit that contains it. Whatever goes wrong is
//! [`Unavailable`](dropins_host::services::Unavailable): no failure is ever reported as a first use.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod backend;
mod cache;
mod entry;
mod group_commit;
mod memory;
mod open_error;
mod purge;
mod settings;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stats;
mod store;
mod writer;

pub use backend::{Backend, Reader};
pub use cache::JtiCache;
pub use entry::{Entry, Key, MAX_BYTES, Outcome};
pub use group_commit::GroupCommit;
pub use memory::MemoryStore;
pub use open_error::OpenError;
pub use purge::{PurgeTask, Purger};
pub use settings::{Location, ReplaySettings};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBackend;
pub use stats::Stats;
pub use store::JtiStore;
