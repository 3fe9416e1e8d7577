//! The status document: what runs, since when, in which order, and what went wrong last.

use std::path::Path;

use dropins_host::Handler;
use dropins_telemetry::metrics::replay::cache_hit_ratio;

use super::documents::{KeptGeneration, LastFailure, LivePlugin, ReloadState, ReplayState, StatusDocument};
use super::shadow;
use crate::app::AdminServices;
use dropins_reload::Record;

/// What `GET /status` answers and `dropins status` shows.
pub async fn document(services: &AdminServices, record: &Record, home: &Path) -> StatusDocument {
    let live = services.published.current();
    let (ready, replay) = tokio::join!(services.ready(), replay(services));
    StatusDocument {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        home: home.to_owned(),
        issuer: live.endpoints.issuer.clone(),
        ready: ready.is_ok(),
        not_ready_because: ready.err(),
        time: services.clock.now_seconds(),
        started_at: services.started_at,
        uptime_seconds: services.started.elapsed().as_secs(),
        generation: live.generation.number(),
        in_flight: live.generation.engine().in_flight(),
        reload: reload(record),
        plugins: live.generation.handlers().iter().map(plugin).collect(),
        inactive: live.inactive.clone(),
        clients: live.clients.count(),
        replay,
        expiring: services.radar.latest(),
        warnings: live.warnings.clone(),
    }
}

fn plugin(handler: &Handler) -> LivePlugin {
    let (description, counters) = (handler.description(), handler.counters());
    LivePlugin {
        listener: handler.listener().id.clone(),
        name: handler.id().name.clone(),
        version: description.version.clone(),
        digest: handler.id().digest,
        file: handler.file().to_owned(),
        order: handler.listener().order,
        methods: description.methods.clone(),
        calls: counters.calls(),
        failures: counters.failures(),
        refused: counters.refused(),
        breaker: handler.breaker(),
        last_failure: counters.last_failure().map(|(kind, message)| LastFailure { kind, message }),
        shadow: shadow::summary(handler),
    }
}

fn reload(record: &Record) -> ReloadState {
    let report = record.report();
    let kept = report.kept.iter().map(|kept| KeptGeneration {
        generation: kept.generation,
        published_at: kept.published_at,
        in_flight: kept.in_flight(),
        withdrawn: kept.withdrawn,
    });
    ReloadState {
        up: record.is_up(),
        published_at: report.kept.first().map(|live| live.published_at),
        building_since: record.building_since(),
        pinned_since: report.pinned_since,
        last_rejected: report.rejected.clone(),
        needs_restart: report.needs_restart.iter().map(ToString::to_string).collect(),
        generations: kept.collect(),
    }
}

async fn replay(services: &AdminServices) -> ReplayState {
    let size = services.replay_size.of(&services.replay).await;
    let stats = services.replay.stats();
    ReplayState {
        kind: services.replay_location.kind().to_owned(),
        place: services.replay_location.to_string(),
        rows: size.map(|size| size.rows),
        bytes: size.map(|size| size.bytes),
        first: stats.first,
        forgiven: stats.forgiven,
        seen: stats.seen,
        unavailable: stats.unavailable,
        cache_hits: stats.cache_hits,
        cache_misses: stats.cache_misses,
        cache_hit_ratio: cache_hit_ratio(&stats),
        batches: stats.batches,
        queue_depth: stats.queue_depth,
        purged: stats.purged,
        purge_seconds: stats.purge_time.as_secs_f64(),
        last_purge: stats.last_purge.map(|at| at / 1000),
    }
}
