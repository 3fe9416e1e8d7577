//! The reloader: one candidate at a time, from a trigger to a verdict.
//!
//! A candidate is compiled beside everything else: while the compiler works, the live generation can be rolled back,
//! other contents come, and the part of the candidate that needs no compiler is published after [`GRACE`]. A panic of a
//! task is a refusal. A caller that goes away does not stop what it began.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum_server::tls_rustls::RustlsConfig;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

use super::builder::Builder;
use super::history::History;
use super::reader::{Reader, Reading};
use super::record::Record;
use super::refusal::CandidateRefusal;
use super::report::ReloadReport;
use super::state::{Judging, State};
use crate::service_manager::Reloading;
use dropins_config::{Environment, Home};
use dropins_live::{Published, Release};
use dropins_replay::JtiStore;
use dropins_services::Clock;
use dropins_telemetry::metrics::Metrics;

/// How long contents wait for the compiler before the part that needs none is published.
const GRACE: Duration = Duration::from_millis(500);

/// What made the reloader look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The contents of a folder.
    Change,
    /// The time at which refused contents are tried again.
    Retry,
    /// SIGHUP.
    Signal,
    /// `POST /reload`.
    Command,
}

impl Trigger {
    fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Retry => "retry",
            Self::Signal => "signal",
            Self::Command => "command",
        }
    }

    /// Whether the operator asks, who is owed an answer and may overrule a rollback.
    pub(super) fn is_explicit(self) -> bool {
        matches!(self, Self::Signal | Self::Command)
    }
}

/// Decides what is live.
pub struct Reloader {
    pub(super) published: Arc<Published>,
    pub(super) record: Arc<Record>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) replay: Arc<JtiStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) home: Home,
    pub(super) reader: Reader,
    pub(super) tls: Option<RustlsConfig>,
    pub(super) builder: Arc<dyn Builder>,
    pub(super) dirty: Arc<Notify>,
    pub(super) state: Mutex<State>,
}

/// What the reloader works with.
pub struct Surroundings {
    /// What it replaces.
    pub published: Arc<Published>,
    /// Counts outcomes, takes times.
    pub metrics: Arc<Metrics>,
    /// The replay store, whose cache follows the configuration.
    pub replay: Arc<JtiStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What placeholders in the configuration refer to.
    pub environment: Environment,
    /// What the HTTPS listener was started with.
    pub tls: Option<RustlsConfig>,
    /// What builds candidates.
    pub builder: Arc<dyn Builder>,
}

impl Reloader {
    /// A reloader that begins with this release as the live one.
    pub fn new(surroundings: Surroundings, release: Release) -> Arc<Self> {
        let Surroundings { published, metrics, replay, clock, environment, tls, builder } = surroundings;
        let home = release.live.resources.home.clone();
        let reader = Reader::new(home.clone(), environment, release.snapshot.files(&home));
        let history = History::new(release, clock.now_seconds());
        let state = State { history, rejected: None, report_rejected: None, pin: None, judging: None };
        let record = Arc::new(Record::default());
        record.set(state.report());
        let (dirty, state) = (Arc::default(), Mutex::new(state));
        Arc::new(Self { published, record, metrics, replay, clock, home, reader, tls, builder, dirty, state })
    }

    /// What was reloaded, and what was rejected.
    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Looks at the folders now and waits for the verdict.
    pub fn reload(self: &Arc<Self>, trigger: Trigger) -> BoxFuture<'_, ReloadReport> {
        Box::pin(async move {
            let this = Arc::clone(self);
            self.watched(async move { this.attempt(trigger, true).await }).await
        })
    }

    /// The same without waiting for the compiler longer than half a second; the report names what it still compiles.
    pub fn reload_at_once(self: &Arc<Self>, trigger: Trigger) -> BoxFuture<'_, ReloadReport> {
        Box::pin(async move {
            let this = Arc::clone(self);
            self.watched(async move { this.attempt(trigger, false).await }).await
        })
    }

    /// Judges what was read, as [`Reloader::reload_at_once`] does.
    pub(super) async fn take_up(self: &Arc<Self>, trigger: Trigger, reading: Reading) {
        let this = Arc::clone(self);
        self.watched(async move { this.consider(trigger, reading, false).await }).await;
    }

    /// Runs in a task of its own.
    pub(super) async fn watched(&self, work: impl Future<Output = ReloadReport> + Send + 'static) -> ReloadReport {
        tokio::spawn(work).await.unwrap_or_else(|error| {
            let refusal = CandidateRefusal::mistake(&error);
            tracing::error!("{}", refusal.summary);
            self.counted(ReloadReport::refused(self.published.current().generation.number(), refusal.reason))
        })
    }

    pub(super) fn counted(&self, report: ReloadReport) -> ReloadReport {
        if !report.repeated {
            self.metrics.reloaded(report.result.as_str());
        }
        report
    }

    async fn attempt(self: Arc<Self>, trigger: Trigger, wait: bool) -> ReloadReport {
        let reloading = trigger.is_explicit().then(Reloading::begin);
        let report = self.look_and_judge(trigger, wait).await;
        if let Some(reloading) = reloading {
            reloading.end(format!("generation {} is live; last reload: {}", report.generation, report.result.as_str()));
        }
        report
    }

    async fn look_and_judge(self: Arc<Self>, trigger: Trigger, wait: bool) -> ReloadReport {
        let settling = Instant::now();
        self.reader.settle().await;
        self.metrics.phase("settle", settling.elapsed());
        let reading = Instant::now();
        let read = self.reader.read().await;
        self.metrics.phase("read", reading.elapsed());
        self.consider(trigger, read, wait).await
    }

    async fn consider(self: Arc<Self>, trigger: Trigger, reading: Reading, wait: bool) -> ReloadReport {
        let judging = match self.begin(trigger, reading).await {
            Ok(judging) => judging,
            Err(report) => return self.counted(report),
        };
        if let Ok(verdict) = timeout(GRACE, judging.verdict.clone()).await {
            return verdict;
        }
        let meanwhile = self.meanwhile(&judging).await;
        if wait { judging.verdict.await } else { meanwhile }
    }

    /// Begins to judge the contents, unless that is done or under way.
    async fn begin(self: &Arc<Self>, trigger: Trigger, (contents, read): Reading) -> Result<Judging, ReloadReport> {
        let mut state = self.state.lock().await;
        if trigger.is_explicit() {
            state.pin = None;
            state.rejected = None;
        }
        if contents == state.live().snapshot.fingerprint() {
            state.judging = None;
            state.accept();
            return Err(self.unchanged(&state, trigger));
        }
        if let Some(judging) = state.judging(contents) {
            return Ok(judging.clone());
        }
        let again = trigger == Trigger::Retry && state.is_due(contents, self.clock.now_seconds());
        if !again && !state.is_news(contents) {
            return Err(self.unchanged(&state, trigger));
        }
        if again {
            tracing::debug!(contents = contents.short(), "candidate tried again");
        } else {
            tracing::info!(trigger = trigger.as_str(), contents = contents.short(), "candidate seen");
        }
        let (this, snapshot) = (Arc::clone(self), read.as_ref().ok().cloned());
        let judged = tokio::spawn(async move {
            let work = Arc::clone(&this).judge(contents, read, trigger);
            let report = this.watched(work).await;
            let mut state = this.state.lock().await;
            state.judging = state.judging.take().filter(|judging| judging.contents != contents);
            report
        });
        let (generation, ended) = (state.live().number(), "the server ends");
        let verdict = judged.map(move |report| report.unwrap_or_else(|_| ReloadReport::refused(generation, ended)));
        let judging = Judging { contents, snapshot, verdict: verdict.boxed().shared() };
        state.judging = Some(judging.clone());
        Ok(judging)
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
