//! The page for Prometheus: the counters, and the state of stores, plug-ins and the reloader as of now.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::app::AdminServices;
use dropins_reload::Record;
use dropins_telemetry::health::Health;
use dropins_telemetry::metrics::labels::{Labels, label};
use dropins_telemetry::metrics::number::{counter, gauge, level};
use dropins_telemetry::metrics::{key_sets, plugins, replay};

/// Everything in the OpenMetrics text format.
pub(crate) async fn page(services: &AdminServices, record: &Record) -> String {
    let live = services.published.current();
    let (health, size) = tokio::join!(services.probes.health(), services.replay_size.of(&services.replay));
    let mut now = Registry::with_prefix("dropins");
    let ready = !services.is_stopping() && health.verdict().is_ok();
    gauge(&mut now, "ready", "1 when requests are welcome", u64::from(ready));
    stores(&mut now, &health);
    gauge(&mut now, "clients", "Registered clients", live.clients.count());
    gauge(&mut now, "reloader_up", "1 while changes of the folders are noticed", u64::from(record.is_up()));
    in_flight(&mut now, record);
    plugins::register(&mut now, &live.generation);
    replay::register(&mut now, &services.replay_location, &services.replay.stats(), size);
    let purged = "Expired rows of the identity database that were deleted";
    counter(&mut now, "identity_purged", purged, services.purger.purged());
    let fetches = live.resources.sources.fetcher.stats().plus(&live.clients.issuers().fetch_stats());
    key_sets::register_fetches(&mut now, &fetches);
    if let Some(documents) = live.clients.documents() {
        key_sets::register_documents(&mut now, documents.stats());
    }
    key_sets::register_expiring(&mut now, &services.radar);
    services.metrics.encode(&now)
}

fn stores(registry: &mut Registry, health: &Health) {
    let up: Family<Labels<1>, Gauge> = Family::default();
    for (store, answers) in health.stores() {
        up.get_or_create(&label("store", store)).set(i64::from(answers));
    }
    registry.register("store_up", "1 while a store that requests need answers", up);
}

fn in_flight(registry: &mut Registry, reloads: &Record) {
    let requests: Family<Labels<1>, Gauge> = Family::default();
    for kept in &reloads.report().kept {
        requests.get_or_create(&label("generation", kept.generation.to_string())).set(level(kept.in_flight()));
    }
    registry.register("in_flight", "Requests by the generation that they began on", requests);
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text;

    #[test]
    fn each_store_is_up_or_not() {
        let mut registry = Registry::with_prefix("dropins");
        stores(&mut registry, &Health { replay: None, identity: Some("down".to_owned()) });
        let mut out = String::new();
        text::encode_registry(&mut out, &registry).unwrap();
        for line in ["dropins_store_up{store=\"replay\"} 1\n", "dropins_store_up{store=\"identity\"} 0\n"] {
            assert!(out.contains(line), "`{line}` is missing in\n{out}");
        }
    }
}
