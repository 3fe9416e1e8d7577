//! Keys that a client publishes under its JWKS URI: fetched with care, cached within bounds, remembered on disk.
//!
//! A [`JwksUrl`] is one that may be fetched; the [`JwksFetcher`] connects only to addresses that may be connected to,
//! asks each URL once however many requests wait, and serves the last good set while the client's server is down.
//! Nothing here says why a fetch failed, except to the operator.

mod address;
mod cached_set;
mod client;
mod disk;
mod error;
mod fetcher;
mod guard;
mod host_list;
mod jwks_url;
mod settings;
mod slot;
mod stats;
#[cfg(test)]
mod testing;

pub use cached_set::CachedSet;
pub use error::{FetchError, FetchOutcome};
pub use fetcher::{JwksFetcher, OpenError, Refreshed};
pub use host_list::{BadHost, HostList};
pub use jwks_url::{JwksUrl, JwksUrlError};
pub use settings::FetchSettings;
pub use stats::FetchStats;
