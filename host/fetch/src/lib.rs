//! Keys that a client publishes under its JWKS URI: fetched with care, cached within bounds, stored on disk.
//!
//! A [`JwksUrl`] has passed the checks of its text. The [`JwksFetcher`] connects to allowed addresses only, sends one
//! request per URL for any number of waiting requests, and serves the last good set while the client's server is down.
//! The cause of a failed fetch is for the operator, never for the client.

#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod address;
mod bearer;
mod cached_set;
mod client;
mod discovery;
mod disk;
mod documents;
mod error;
mod fetcher;
mod guard;
mod host_list;
mod issuer;
mod jwks_url;
mod outcome;
mod set_reader;
mod settings;
mod slot;
mod stats;
#[cfg(test)]
mod testing;
mod turns;

pub use cached_set::CachedSet;
pub use documents::{Document, DocumentFetcher, MAX_DOCUMENT};
pub use error::FetchError;
pub use fetcher::{JwksFetcher, OpenError, Refreshed};
pub use host_list::{BadHost, HostList};
pub use issuer::{IssuerFetch, metadata_url};
pub use jwks_url::{JwksUrl, JwksUrlError};
pub use outcome::FetchOutcome;
pub use settings::FetchSettings;
pub use stats::FetchStats;
