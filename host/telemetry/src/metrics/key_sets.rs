//! The key sets and documents that clients publish, and the keys that expire soon.
//!
//! Read when asked for, from the fetcher and from what the watch over certificates found last.

use dropins_fetch::{FetchOutcome, FetchStats};
use dropins_oauth::clients::DocumentStats;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::{Labels, label};
use super::number::{counter, level};
use crate::expiry::{Radar, Stage};

/// Registers the results of the fetches.
pub fn register_fetches(registry: &mut Registry, fetches: &FetchStats) {
    for (name, help, value) in [
        ("jwks_cached", "Requests that a fresh published key set answered", fetches.cached),
        ("jwks_stale", "Requests that a key set answered which could not be fetched anew", fetches.stale),
        ("jwks_unavailable", "Requests for which there was no published key set", fetches.unavailable),
    ] {
        counter(registry, name, help, value);
    }
    let results: Family<Labels<1>, Counter> = Family::default();
    for outcome in FetchOutcome::ALL {
        results.get_or_create(&label("result", outcome.as_str())).inc_by(fetches.of(outcome));
    }
    registry.register("jwks_fetches", "Fetches of published key sets by result", results);
}

/// Registers the results of the fetches of metadata documents.
pub fn register_documents(registry: &mut Registry, documents: DocumentStats) {
    let results: Family<Labels<1>, Counter> = Family::default();
    for (result, count) in [("fetched", documents.fetched), ("failed", documents.failed)] {
        results.get_or_create(&label("result", result)).inc_by(count);
    }
    registry.register("client_documents", "Fetches of metadata documents of clients by result", results);
    counter(registry, "client_documents_changed", "Metadata documents that had changed", documents.changed);
}

/// Registers the keys whose certificate expires.
pub fn register_expiring(registry: &mut Registry, radar: &Radar) {
    let expiring: Family<Labels<1>, Gauge> = Family::default();
    let keys = radar.latest();
    for stage in Stage::ALL {
        let count = keys.iter().filter(|key| key.stage == stage).count();
        expiring.get_or_create(&label("within", stage.as_str())).set(level(count));
    }
    registry.register("keys_expiring", "Client keys whose certificate expires soon or has expired", expiring);
}
