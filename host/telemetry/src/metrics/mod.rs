//! Counters and times for Prometheus.
//!
//! What happens once is counted here as it happens; what has a state is read when it is asked for, in the files of this
//! folder. A plug-in that invents reason codes ends up in `other`.

pub mod key_sets;
pub mod labels;
pub mod number;
pub mod plugins;
pub mod replay;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dropins_host::{Decision, Verdict};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::labels::{Labels, label};
use crate::audiences;
use crate::audit;
use dropins_protocol::ErrorCode;
use dropins_store::users::SignIn;

/// More reason codes than all known plug-ins have together.
const MAX_REASONS: usize = 128;

/// From a tenth of a millisecond to a second.
const SECONDS: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// From a millisecond to ten seconds.
const PHASE_SECONDS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Decisions since the start, whichever plug-in gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Clients that were authenticated.
    pub authenticated: u64,
    /// Requests that were rejected.
    pub rejected: u64,
    /// Requests that could not be judged: a part was down, or a plug-in failed.
    pub failed: u64,
}

#[derive(Default)]
struct Counted {
    authenticated: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
}

/// The server's own counters. Those of the replay store and of the plug-ins are read when asked for.
pub struct Metrics {
    registry: Registry,
    totals: Counted,
    outcomes: Family<Labels<2>, Counter>,
    reasons: Family<Labels<1>, Counter>,
    failures: Family<Labels<2>, Counter>,
    calls: Family<Labels<2>, Counter>,
    seconds: Histogram,
    audiences: Family<Labels<1>, Counter>,
    rate_limited: Counter,
    errors: Family<Labels<1>, Counter>,
    tokens: Family<Labels<1>, Counter>,
    forwarded: Family<Labels<2>, Counter>,
    sign_ins: Family<Labels<1>, Counter>,
    reloads: Family<Labels<1>, Counter>,
    admin_rejections: Family<Labels<1>, Counter>,
    phases: Family<Labels<1>, Histogram, fn() -> Histogram>,
    connections: Gauge,
    most_connections: Gauge,
    known_reasons: Mutex<BTreeSet<String>>,
}

impl Metrics {
    /// Counters at zero, those of `reload_results` among them.
    pub fn new(reload_results: &[&'static str]) -> Self {
        let mut registry = Registry::with_prefix("dropins");
        let (seconds, phases) = (Histogram::new(SECONDS), Family::new_with_constructor(phase as fn() -> Histogram));
        let (connections, most_connections) = (Gauge::default(), Gauge::default());
        registry.register("authentication_seconds", "Time of a decision", seconds.clone());
        registry.register("reload_phase_seconds", "Time of a reload by phase", phases.clone());
        registry.register("connections", "Open connections of the public listeners", connections.clone());
        let rate_limited = Counter::default();
        registry.register("rate_limited", "Requests over the limit of their address", rate_limited.clone());
        registry.register("connections_max", "Connections that may be open", most_connections.clone());
        let metrics = Self {
            outcomes: counters(&mut registry, "authentications", "Decisions about clients"),
            reasons: counters(&mut registry, "rejections", "Rejected credentials by reason"),
            failures: counters(&mut registry, "plugin_traps", "Traps, deadlines and memory refusals"),
            calls: counters(&mut registry, "plugin_calls", "Decisions that a plug-in gave"),
            audiences: counters(&mut registry, "audience_strict", "Audiences by what AudienceMode = strict says"),
            errors: counters(&mut registry, "error_answers", "Error answers by error code"),
            forwarded: counters(
                &mut registry,
                "upstream_answers",
                "Forwarded requests by upstream and status, or failure",
            ),
            tokens: counters(&mut registry, "tokens", "Token answers by grant"),
            sign_ins: counters(&mut registry, "sign_ins", "Attempts of people to sign in by result"),
            reloads: counters(&mut registry, "reload", "Candidates and rollbacks by result"),
            admin_rejections: counters(&mut registry, "admin_rejections", "Rejected admin requests by reason"),
            rate_limited,
            registry,
            totals: Counted::default(),
            seconds,
            phases,
            connections,
            most_connections,
            known_reasons: Mutex::default(),
        };
        SignIn::RESULTS.iter().for_each(|result| drop(metrics.sign_ins.get_or_create(&label("result", *result))));
        reload_results.iter().for_each(|result| drop(metrics.reloads.get_or_create(&label("result", *result))));
        metrics
    }

    /// Counts a decision.
    pub fn decided(&self, decision: &Decision) {
        let plugin = decision.plugin.as_ref().map_or_else(String::new, |plugin| plugin.name.clone());
        let outcome = audit::outcome(&decision.verdict);
        let by_plugin = [("outcome", outcome.into()), ("plugin", plugin.clone().into())];
        self.outcomes.get_or_create(&by_plugin).inc();
        if !plugin.is_empty() {
            self.calls.get_or_create(&by_plugin).inc();
        }
        self.seconds.observe(decision.duration.as_secs_f64());
        let total = match &decision.verdict {
            Verdict::Authenticated(_) => &self.totals.authenticated,
            Verdict::Rejected(_) | Verdict::NoMethod | Verdict::SeveralMethods(_) => &self.totals.rejected,
            Verdict::Unavailable(_) | Verdict::Overloaded | Verdict::Failed(..) => &self.totals.failed,
        };
        total.fetch_add(1, Relaxed);
        match &decision.verdict {
            Verdict::Authenticated(client) => {
                if let Some(strict) = audiences::strict(client) {
                    let result = if strict { "accepted" } else { "rejected" };
                    self.audiences.get_or_create(&label("result", result)).inc();
                }
            }
            Verdict::Rejected(rejection) => {
                let reason = self.bounded(&rejection.reason);
                self.reasons.get_or_create(&label("reason", reason)).inc();
            }
            Verdict::Failed(kind, _) => {
                self.failures.get_or_create(&[("plugin", plugin.into()), ("kind", kind.as_str().into())]).inc();
            }
            _ => {}
        }
    }

    /// Decisions since the start.
    pub fn totals(&self) -> Totals {
        let Counted { authenticated, rejected, failed } = &self.totals;
        Totals {
            authenticated: authenticated.load(Relaxed),
            rejected: rejected.load(Relaxed),
            failed: failed.load(Relaxed),
        }
    }

    /// Counts an error answer.
    pub fn answered(&self, code: ErrorCode) {
        self.errors.get_or_create(&label("error", code.as_str())).inc();
    }

    /// Counts a request over the limit of its address.
    pub fn rate_limited(&self) {
        self.rate_limited.inc();
    }

    /// Counts a token answer.
    pub fn issued(&self, grant: &str) {
        self.tokens.get_or_create(&label("grant", grant.to_owned())).inc();
    }

    /// Counts a forwarded request: the issuer of the upstream, and the status of its answer or how it failed.
    pub fn forwarded(&self, upstream: &str, outcome: &str) {
        let labels = [("upstream", upstream.to_owned().into()), ("outcome", outcome.to_owned().into())];
        self.forwarded.get_or_create(&labels).inc();
    }

    /// Counts an attempt to sign in.
    pub fn signed_in(&self, attempt: &SignIn) {
        self.sign_ins.get_or_create(&label("result", attempt.as_str())).inc();
    }

    /// Counts a verdict about a candidate.
    pub fn reloaded(&self, result: &'static str) {
        self.reloads.get_or_create(&label("result", result)).inc();
    }

    /// Counts a rejected admin request: `token`, `page`, `home`, `closed` or `console`.
    pub fn admin_rejected(&self, reason: &'static str) {
        self.admin_rejections.get_or_create(&label("reason", reason)).inc();
    }

    /// Takes the time of a phase of a reload: `settle`, `read`, `build` or `publish`.
    pub fn phase(&self, phase: &'static str, duration: Duration) {
        self.phases.get_or_create(&label("phase", phase)).observe(duration.as_secs_f64());
    }

    /// The number of open connections, of which there may be so many.
    pub fn connections(&self, most: usize) -> Gauge {
        self.most_connections.set(i64::try_from(most).unwrap_or(i64::MAX));
        self.connections.clone()
    }

    fn bounded(&self, reason: &str) -> String {
        let mut known = self.known_reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(reason) || (known.len() < MAX_REASONS && known.insert(reason.to_owned())) {
            reason.to_owned()
        } else {
            "other".to_owned()
        }
    }

    /// These counters and those of another registry in the OpenMetrics text format.
    pub fn encode(&self, further: &Registry) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail; an encoder error would be a bug that tests see as missing lines.
        let _ = text::encode_registry(&mut out, &self.registry);
        let _ = text::encode_registry(&mut out, further);
        let _ = text::encode_eof(&mut out);
        out
    }
}

/// Counters by label, registered under this name.
fn counters<const N: usize>(registry: &mut Registry, name: &str, help: &str) -> Family<Labels<N>, Counter> {
    let counters = Family::default();
    registry.register(name, help, Family::clone(&counters));
    counters
}

fn phase() -> Histogram {
    Histogram::new(PHASE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_store::users::{Refusal, Wait};

    #[test]
    fn sign_ins_are_counted_by_their_result() {
        let metrics = Metrics::new(&[]);
        metrics.signed_in(&SignIn::Refused(Refusal::WrongPassword));
        metrics.signed_in(&SignIn::Refused(Refusal::WrongPassword));
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
        let metrics = Metrics::new(&[]);
        for number in 0..MAX_REASONS {
            assert_eq!(metrics.bounded(&format!("r{number}")), format!("r{number}"));
        }
        assert_eq!(metrics.bounded("one-too-many"), "other");
        assert_eq!(metrics.bounded("r0"), "r0");
    }
}
