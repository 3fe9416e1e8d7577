//! The status document: what runs, since when, in which order, and what went wrong last.

use serde_json::{Value, json};

use super::shadow;
use super::state::AdminState;
use dropins_telemetry::metrics::replay::cache_hit_ratio;

/// The document that `GET /status` answers and `dropins status` shows.
pub(super) async fn document(state: &AdminState) -> Value {
    let services = &state.services;
    let live = services.published.current();
    let (ready, size) = tokio::join!(services.ready(), services.replay_size.of(&services.replay));
    let handlers: Vec<Value> = live
        .generation
        .handlers()
        .iter()
        .map(|handler| {
            let counters = handler.counters();
            let last = counters.last_failure().map(|(kind, message)| json!({ "kind": kind, "message": message }));
            json!({
                "listener": handler.listener().id,
                "name": handler.id().name,
                "version": handler.description().version,
                "digest": handler.id().digest,
                "file": handler.file(),
                "order": handler.listener().order,
                "methods": handler.description().methods,
                "calls": counters.calls(),
                "failures": counters.failures(),
                "refused": counters.refused(),
                "breaker": handler.breaker(),
                "last_failure": last,
                "shadow": shadow::summary(handler),
            })
        })
        .collect();
    let inactive: Vec<Value> = live
        .generation
        .inactive()
        .iter()
        .map(|plugin| json!({ "name": plugin.name, "file": plugin.file, "digest": plugin.digest }))
        .collect();
    let replay = services.replay.stats();
    let now = services.clock.now_seconds();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "home": state.home.root,
        "issuer": live.endpoints.issuer,
        "ready": ready.is_ok(),
        "not_ready_because": ready.err(),
        "time": now,
        "started_at": services.started_at,
        "uptime_seconds": now.saturating_sub(services.started_at),
        "generation": live.generation.number(),
        "in_flight": live.generation.engine().in_flight(),
        "reload": state.reloader.record().document(),
        "plugins": handlers,
        "inactive": inactive,
        "clients": live.clients.count(),
        "replay": {
            "kind": services.replay_location.kind(),
            "place": services.replay_location.to_string(),
            "rows": size.map(|size| size.rows),
            "bytes": size.map(|size| size.bytes),
            "first": replay.first,
            "forgiven": replay.forgiven,
            "seen": replay.seen,
            "unavailable": replay.unavailable,
            "cache_hits": replay.cache_hits,
            "cache_misses": replay.cache_misses,
            "cache_hit_ratio": cache_hit_ratio(&replay),
            "batches": replay.batches,
            "queue_depth": replay.queue_depth,
            "purged": replay.purged,
            "purge_seconds": replay.purge_time.as_secs_f64(),
            "last_purge": replay.last_purge.map(|at| at / 1000),
        },
        "expiring": services.radar.latest(),
        "warnings": live.warnings,
    })
}
