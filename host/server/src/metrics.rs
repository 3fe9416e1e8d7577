//! Counters and times for Prometheus.
//!
//! Label values are bounded: outcomes, plug-in names, algorithms and reason codes, never client ids. A plug-in
//! that invents reason codes ends up in `other`.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dropins_host::{BreakerState, Decision, ShadowCounts, Verdict};
use dropins_keys::remote::FetchOutcome;
use dropins_replay::{Location, Size, Stats};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::audit;
use crate::expiry::Stage;
use crate::http::error::ErrorKind;
use crate::live::Live;
use crate::reload::Outcome;
use crate::users::SignIn;

/// More reason codes than all known plug-ins have together.
const MAX_REASONS: usize = 128;

/// From a tenth of a millisecond to a second.
const SECONDS: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// From a millisecond to ten seconds.
const PHASE_SECONDS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
    plugin: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabels {
    reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FailureLabels {
    plugin: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabels {
    error: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GrantLabels {
    grant: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PluginLabels {
    plugin: String,
    version: String,
    digest: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BreakerLabels {
    plugin: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ShadowLabels {
    plugin: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StageLabels {
    within: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PhaseLabels {
    phase: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GenerationLabels {
    generation: u64,
}

/// The server's own counters. Those of the replay store and of the plug-ins are read when asked for.
pub struct Metrics {
    registry: Registry,
    outcomes: Family<OutcomeLabels, Counter>,
    reasons: Family<ReasonLabels, Counter>,
    failures: Family<FailureLabels, Counter>,
    calls: Family<OutcomeLabels, Counter>,
    seconds: Histogram,
    errors: Family<ErrorLabels, Counter>,
    tokens: Family<GrantLabels, Counter>,
    sign_ins: Family<ResultLabels, Counter>,
    reloads: Family<ResultLabels, Counter>,
    phases: Family<PhaseLabels, Histogram, fn() -> Histogram>,
    known_reasons: Mutex<BTreeSet<String>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counters that stand at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("dropins");
        let outcomes = Family::default();
        let reasons = Family::default();
        let failures = Family::default();
        let calls = Family::default();
        let seconds = Histogram::new(SECONDS);
        let errors = Family::default();
        let tokens = Family::default();
        let sign_ins = Family::<ResultLabels, Counter>::default();
        SignIn::RESULTS.iter().for_each(|result| drop(sign_ins.get_or_create(&ResultLabels { result })));
        let reloads = Family::<ResultLabels, Counter>::default();
        Outcome::ALL.iter().for_each(|result| drop(reloads.get_or_create(&ResultLabels { result: result.as_str() })));
        let phases = Family::new_with_constructor((|| Histogram::new(PHASE_SECONDS)) as fn() -> Histogram);
        registry.register("authentications", "Decisions about clients", outcomes.clone());
        registry.register("rejections", "Refused credentials by reason", reasons.clone());
        registry.register("plugin_traps", "Traps, deadlines and memory refusals", failures.clone());
        registry.register("plugin_calls", "Decisions that a plug-in gave", calls.clone());
        registry.register("authentication_seconds", "Time of a decision", seconds.clone());
        registry.register("error_answers", "Error answers by error code", errors.clone());
        registry.register("tokens", "Token answers by grant", tokens.clone());
        registry.register("sign_ins", "Attempts of people to sign in by result", sign_ins.clone());
        registry.register("reload", "Candidates and rollbacks by result", reloads.clone());
        registry.register("reload_phase_seconds", "Time of a reload by phase", phases.clone());
        let known_reasons = Mutex::default();
        Self {
            registry,
            outcomes,
            reasons,
            failures,
            calls,
            seconds,
            errors,
            tokens,
            sign_ins,
            reloads,
            phases,
            known_reasons,
        }
    }

    /// Counts a decision.
    pub fn decided(&self, decision: &Decision) {
        let plugin = decision.plugin.as_ref().map_or_else(String::new, |plugin| plugin.name.clone());
        let outcome = audit::outcome(&decision.verdict);
        self.outcomes.get_or_create(&OutcomeLabels { outcome, plugin: plugin.clone() }).inc();
        if !plugin.is_empty() {
            self.calls.get_or_create(&OutcomeLabels { outcome, plugin: plugin.clone() }).inc();
        }
        self.seconds.observe(decision.duration.as_secs_f64());
        match &decision.verdict {
            Verdict::Rejected(rejection) => {
                let reason = self.bounded(&rejection.reason);
                self.reasons.get_or_create(&ReasonLabels { reason }).inc();
            }
            Verdict::Failed(kind, _) => {
                self.failures.get_or_create(&FailureLabels { plugin, kind: kind.as_str() }).inc();
            }
            _ => {}
        }
    }

    /// Counts an error answer.
    pub fn answered(&self, kind: ErrorKind) {
        self.errors.get_or_create(&ErrorLabels { error: kind.status_and_code().1 }).inc();
    }

    /// Counts a token answer.
    pub fn issued(&self, grant: &str) {
        self.tokens.get_or_create(&GrantLabels { grant: grant.to_owned() }).inc();
    }

    /// Counts an attempt to sign in.
    pub fn signed_in(&self, attempt: &SignIn) {
        self.sign_ins.get_or_create(&ResultLabels { result: attempt.as_str() }).inc();
    }

    /// Counts a verdict about a candidate.
    pub fn reloaded(&self, outcome: Outcome) {
        self.reloads.get_or_create(&ResultLabels { result: outcome.as_str() }).inc();
    }

    /// Takes the time of a phase of a reload: `settle`, `read`, `build` or `publish`.
    pub fn phase(&self, phase: &'static str, duration: Duration) {
        self.phases.get_or_create(&PhaseLabels { phase }).observe(duration.as_secs_f64());
    }

    fn bounded(&self, reason: &str) -> String {
        let mut known = self.known_reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(reason) || (known.len() < MAX_REASONS && known.insert(reason.to_owned())) {
            reason.to_owned()
        } else {
            "other".to_owned()
        }
    }

    /// Everything in the OpenMetrics text format. Without a size, that of the replay store is not known.
    pub fn encode(&self, app: &App, live: &Live, ready: bool, size: Option<Size>) -> String {
        let mut out = String::new();
        let mut now = Registry::with_prefix("dropins");
        let fetches = live.parts.sources.fetcher.stats();
        let in_flight = live.generation.engine().in_flight();
        gauge(&mut now, "generation", "Number of the live generation", live.generation.number());
        gauge(&mut now, "permits_in_use", "Requests inside plug-ins", in_flight as u64);
        gauge(&mut now, "reloader_up", "1 while changes of the folders are noticed", u64::from(app.reloads.is_up()));
        gauge(&mut now, "clients", "Registered clients", live.clients.count());
        gauge(&mut now, "ready", "1 when requests are welcome", u64::from(ready));
        register_replay(&mut now, &app.replay_location, &app.replay.stats(), size);
        for (name, help, value) in [
            ("identity_purged", "Rows of the identity database that were over and were deleted", app.purger.purged()),
            ("jwks_cached", "Requests that a fresh published key set answered", fetches.cached),
            ("jwks_stale", "Requests that a key set answered which could not be fetched anew", fetches.stale),
            ("jwks_unavailable", "Requests for which there was no published key set", fetches.unavailable),
        ] {
            counter(&mut now, name, help, value);
        }
        let in_flight: Family<GenerationLabels, Gauge> = Family::default();
        for kept in &app.reloads.report().kept {
            let labels = GenerationLabels { generation: kept.generation };
            in_flight.get_or_create(&labels).set(i64::try_from(kept.in_flight()).unwrap_or(i64::MAX));
        }
        let compiled: Family<ResultLabels, Counter> = Family::default();
        let engine = live.generation.engine();
        let (hits, misses) = engine.cache_hits_and_misses();
        for (result, count) in [("memory", engine.memory_hits()), ("hit", hits), ("miss", misses)] {
            compiled.get_or_create(&ResultLabels { result }).inc_by(u64::try_from(count).unwrap_or(u64::MAX));
        }
        now.register("compile_cache", "Components found in memory, found on disk, or compiled", compiled);
        now.register("in_flight", "Requests by the generation that they began on", in_flight);
        let plugins: Family<PluginLabels, Gauge> = Family::default();
        for handler in live.generation.handlers() {
            let labels = PluginLabels {
                plugin: handler.id().name.clone(),
                version: handler.description().version.clone(),
                digest: handler.id().digest.to_string(),
            };
            plugins.get_or_create(&labels).set(1);
        }
        now.register("plugin_info", "Live plug-ins", plugins);
        breakers_and_shadows(&mut now, live);
        let results: Family<ResultLabels, Counter> = Family::default();
        for outcome in FetchOutcome::ALL {
            results.get_or_create(&ResultLabels { result: outcome.as_str() }).inc_by(fetches.of(outcome));
        }
        now.register("jwks_fetches", "Fetches of published key sets by result", results);
        let expiring: Family<StageLabels, Gauge> = Family::default();
        let keys = app.radar.latest();
        for stage in Stage::ALL {
            let count = keys.iter().filter(|key| key.stage == stage).count();
            expiring
                .get_or_create(&StageLabels { within: stage.as_str() })
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        now.register("keys_expiring", "Client keys whose certificate ends soon or has ended", expiring);
        // Writing to a string cannot fail; an encoder error would be a bug that tests see as missing lines.
        let _ = text::encode_registry(&mut out, &self.registry);
        let _ = text::encode_registry(&mut out, &now);
        let _ = text::encode_eof(&mut out);
        out
    }
}

/// What the replay store holds and does.
fn register_replay(registry: &mut Registry, location: &Location, replay: &Stats, size: Option<Size>) {
    registry.register("replay_store", "Where used assertions are kept", Info::new([("kind", location.kind())]));
    if let Some(Size { rows, bytes }) = size {
        gauge(registry, "replay_rows", "Used assertions in the store, expired ones included", rows);
        gauge(registry, "replay_bytes", "Bytes of the store", bytes);
    }
    gauge(registry, "replay_queue_depth", "Decisions that wait for the replay store", replay.queue_depth);
    gauge(registry, "replay_largest_batch", "Decisions in the largest transaction", replay.largest_batch);
    for (name, help, value) in [
        ("replay_first", "Assertions used for the first time", replay.first),
        ("replay_forgiven", "Retries of failed requests that were forgiven, among the first uses", replay.forgiven),
        ("replay_seen", "Assertions that were used before", replay.seen),
        ("replay_unavailable", "Decisions that the replay store could not give", replay.unavailable),
        ("replay_cache_hits", "Replays that the cache answered", replay.cache_hits),
        ("replay_cache_misses", "Decisions that went on to the store", replay.cache_misses),
        ("replay_batches", "Transactions of the replay store", replay.batches),
        ("replay_batched", "Decisions in these transactions", replay.batched),
        ("replay_purged", "Expired rows that were deleted", replay.purged),
    ] {
        counter(registry, name, help, value);
    }
    let purging: Counter<f64, AtomicU64> = Counter::default();
    purging.inc_by(replay.purge_time.as_secs_f64());
    registry.register("replay_purge_seconds", "Time of the transactions that deleted expired rows", purging);
    if let Some(ratio) = cache_hit_ratio(replay) {
        let hits: Gauge<f64, AtomicU64> = Gauge::default();
        hits.set(ratio);
        registry.register("replay_cache_hit_ratio", "Decisions that the cache answered, of those that asked it", hits);
    }
}

/// The share of the decisions that the cache answered; nothing when none asked it.
pub(crate) fn cache_hit_ratio(replay: &Stats) -> Option<f64> {
    let asked = replay.cache_hits + replay.cache_misses;
    // A counter beyond 2^53 would lose its last digits, not more.
    (asked > 0).then(|| replay.cache_hits as f64 / asked as f64)
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let counter: Counter = Counter::default();
    counter.inc_by(value);
    registry.register(name, help, counter);
}

/// Which plug-ins are asked, and how those that only shadow one compare with it.
fn breakers_and_shadows(registry: &mut Registry, live: &Live) {
    let breakers: Family<BreakerLabels, Gauge> = Family::default();
    let shadows: Family<ShadowLabels, Counter> = Family::default();
    for handler in live.generation.handlers() {
        let plugin = || handler.id().name.clone();
        let open = handler.breaker() != BreakerState::Closed;
        breakers.get_or_create(&BreakerLabels { plugin: plugin() }).set(i64::from(open));
        let Some(Ok(shadow)) = handler.shadow() else { continue };
        let ShadowCounts { same, different, failed, skipped } = shadow.counts();
        for (result, count) in [("same", same), ("different", different), ("failed", failed), ("skipped", skipped)] {
            shadows.get_or_create(&ShadowLabels { plugin: plugin(), result }).inc_by(count);
        }
    }
    registry.register("plugin_breaker_open", "1 while a plug-in that keeps failing is not asked", breakers);
    registry.register("shadow_requests", "Requests shown to a shadow by result", shadows);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::Wait;

    #[test]
    fn the_hit_ratio_is_that_of_the_decisions_that_asked_the_cache() {
        let ratio = |cache_hits, cache_misses| cache_hit_ratio(&Stats { cache_hits, cache_misses, ..Stats::default() });
        assert_eq!((ratio(0, 0), ratio(0, 3), ratio(1, 3)), (None, Some(0.0), Some(0.25)));
    }

    #[test]
    fn a_size_that_is_not_known_is_no_metric() {
        let encoded = |size| {
            let mut registry = Registry::with_prefix("dropins");
            let stats = Stats { first: 5, forgiven: 2, ..Stats::default() };
            register_replay(&mut registry, &Location::Memory, &stats, size);
            let mut out = String::new();
            text::encode_registry(&mut out, &registry).unwrap();
            out
        };
        let known = encoded(Some(Size { rows: 3, bytes: 400 }));
        for line in [
            "dropins_replay_store_info{kind=\"memory\"} 1",
            "dropins_replay_rows 3",
            "dropins_replay_bytes 400",
            "dropins_replay_forgiven_total 2",
        ] {
            assert!(known.contains(line), "`{line}` is missing in\n{known}");
        }
        assert!(!encoded(None).contains("replay_rows"));
    }

    #[test]
    fn sign_ins_are_counted_by_their_result() {
        let metrics = Metrics::new();
        metrics.signed_in(&SignIn::Refused);
        metrics.signed_in(&SignIn::Refused);
        metrics.signed_in(&SignIn::TooOften(Wait { seconds: 1 }));
        let mut out = String::new();
        text::encode_registry(&mut out, &metrics.registry).unwrap();
        for (result, count) in [("signed-in", 0), ("refused", 2), ("too-often", 1)] {
            let line = format!("dropins_sign_ins_total{{result=\"{result}\"}} {count}\n");
            assert!(out.contains(&line), "`{line}` is missing in\n{out}");
        }
    }

    #[test]
    fn reason_labels_are_bounded() {
        let metrics = Metrics::new();
        for number in 0..MAX_REASONS {
            assert_eq!(metrics.bounded(&format!("r{number}")), format!("r{number}"));
        }
        assert_eq!(metrics.bounded("one-too-many"), "other");
        assert_eq!(metrics.bounded("r0"), "r0");
    }
}
