//! The status document: what runs, since when, in which order, and what went wrong last.

use serde_json::{Value, json};

use crate::app::App;
use crate::{metrics, shadow};

/// The document that `GET /status` answers and `dropins status` shows.
pub async fn document(app: &App) -> Value {
    let live = app.live();
    let (ready, size) = tokio::join!(app.ready(), app.replay_size.of(&app.replay));
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
    let replay = app.replay.stats();
    let now = app.clock.now_seconds();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "issuer": live.endpoints.issuer,
        "ready": ready.is_ok(),
        "not_ready_because": ready.err(),
        "time": now,
        "started_at": app.started_at,
        "uptime_seconds": now.saturating_sub(app.started_at),
        "generation": live.generation.number(),
        "in_flight": live.generation.engine().in_flight(),
        "reload": app.reloads.document(),
        "plugins": handlers,
        "inactive": inactive,
        "clients": live.clients.count(),
        "replay": {
            "kind": app.replay_location.kind(),
            "place": app.replay_location.to_string(),
            "rows": size.map(|size| size.rows),
            "bytes": size.map(|size| size.bytes),
            "first": replay.first,
            "forgiven": replay.forgiven,
            "seen": replay.seen,
            "unavailable": replay.unavailable,
            "cache_hits": replay.cache_hits,
            "cache_misses": replay.cache_misses,
            "cache_hit_ratio": metrics::cache_hit_ratio(&replay),
            "batches": replay.batches,
            "queue_depth": replay.queue_depth,
            "purged": replay.purged,
            "purge_seconds": replay.purge_time.as_secs_f64(),
            "last_purge": replay.last_purge.map(|at| at / 1000),
        },
        "expiring": app.radar.latest(),
        "warnings": live.warnings,
    })
}
