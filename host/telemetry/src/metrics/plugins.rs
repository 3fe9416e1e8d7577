//! The live plug-ins: which they are, whether they are called, and how shadows compare with them.
//!
//! Read when asked for, from the live generation.

use dropins_host::{BreakerState, Engine, Generation, ShadowCounts};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::{Labels, label};
use super::number::gauge;

/// Registers everything about this generation.
pub fn register(registry: &mut Registry, generation: &Generation) {
    gauge(registry, "generation", "Number of the live generation", generation.number());
    engine(registry, generation.engine());
    names(registry, generation);
    breakers_and_shadows(registry, generation);
}

fn engine(registry: &mut Registry, engine: &Engine) {
    gauge(registry, "permits_in_use", "Requests inside plug-ins", engine.in_flight() as u64);
    let compiled: Family<Labels<1>, Counter> = Family::default();
    let (hits, misses) = engine.cache_hits_and_misses();
    for (result, count) in [("memory", engine.memory_hits()), ("hit", hits), ("miss", misses)] {
        compiled.get_or_create(&label("result", result)).inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }
    registry.register("compile_cache", "Components found in memory, found on disk, or compiled", compiled);
}

fn names(registry: &mut Registry, generation: &Generation) {
    let plugins: Family<Labels<3>, Gauge> = Family::default();
    for handler in generation.handlers() {
        let labels = [
            ("plugin", handler.id().name.clone().into()),
            ("version", handler.description().version.clone().into()),
            ("digest", handler.id().digest.to_string().into()),
        ];
        plugins.get_or_create(&labels).set(1);
    }
    registry.register("plugin_info", "Live plug-ins", plugins);
}

fn breakers_and_shadows(registry: &mut Registry, generation: &Generation) {
    let breakers: Family<Labels<1>, Gauge> = Family::default();
    let shadows: Family<Labels<2>, Counter> = Family::default();
    for handler in generation.handlers() {
        let plugin = || handler.id().name.clone();
        let open = handler.breaker() != BreakerState::Closed;
        breakers.get_or_create(&label("plugin", plugin())).set(i64::from(open));
        let Some(Ok(shadow)) = handler.shadow() else { continue };
        let ShadowCounts { same, different, failed, skipped } = shadow.counts();
        for (result, count) in [("same", same), ("different", different), ("failed", failed), ("skipped", skipped)] {
            shadows.get_or_create(&[("plugin", plugin().into()), ("result", result.into())]).inc_by(count);
        }
    }
    registry.register("plugin_breaker_open", "1 while a plug-in that keeps failing is not asked", breakers);
    registry.register("shadow_requests", "Requests shown to a shadow by result", shadows);
}
