//! The reloader: one candidate at a time, from a trigger to a verdict.
//!
//! Reading and building run in tasks of their own, whose panic is a refusal. A caller that goes away does not stop what
//! it began.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum_server::tls_rustls::RustlsConfig;
use dropins_host::{Digest, Panicked, background};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify};

use super::builder::Builder;
use super::history::History;
use super::record::{Record, Rejected};
use super::report::{Outcome, ReloadReport};
use super::retry::Retry;
use super::state::{Rejection, State};
use super::{drain, settle};
use crate::live::Release;
use crate::live::Snapshot;
use crate::live::restart;
use crate::live::{BuildError, Published, ResourceError};
use dropins_config::Environment;
use dropins_config::Home;
use dropins_config::LoadError;
use dropins_replay::JtiStore;
use dropins_services::Clock;
use dropins_telemetry::logging;
use dropins_telemetry::metrics::Metrics;

/// How often a snapshot is read again when files changed meanwhile.
const READINGS: usize = 4;

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

    /// Whether a person asks, who is owed an answer and may overrule a rollback.
    fn is_explicit(self) -> bool {
        matches!(self, Self::Signal | Self::Command)
    }
}

/// Decides what is live.
pub struct Reloader {
    pub(super) published: Arc<Published>,
    pub(super) record: Arc<Record>,
    pub(super) metrics: Arc<Metrics>,
    replay: Arc<JtiStore>,
    pub(super) clock: Arc<dyn Clock>,
    home: Home,
    environment: Environment,
    tls: Option<RustlsConfig>,
    builder: Arc<dyn Builder>,
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

/// Why a candidate is refused: on one line for the log, in full for whoever asks.
pub(super) struct CandidateRefusal {
    summary: String,
    pub(super) reason: String,
    /// Whether the same contents may be good another time.
    is_transient: bool,
}

/// A phase that rejects a candidate says the same three things.
macro_rules! refusal_from {
    ($($error:ty),*) => {$(
        impl From<$error> for CandidateRefusal {
            fn from(error: $error) -> Self {
                Self { summary: error.summary(), reason: error.to_string(), is_transient: error.is_transient() }
            }
        }
    )*};
}

refusal_from!(LoadError, ResourceError, BuildError);

impl CandidateRefusal {
    fn mistake(error: &dyn std::error::Error) -> Self {
        let text = format!("the candidate could not be judged, which is a mistake in this program: {error}");
        Self { summary: text.clone(), reason: text, is_transient: false }
    }
}

impl From<Panicked> for CandidateRefusal {
    fn from(panicked: Panicked) -> Self {
        Self::mistake(&panicked)
    }
}

impl Reloader {
    /// A reloader that begins with this release as the live one.
    pub fn new(surroundings: Surroundings, release: Release) -> Arc<Self> {
        let Surroundings { published, metrics, replay, clock, environment, tls, builder } = surroundings;
        let home = release.live.resources.home.clone();
        let history = History::new(release, clock.now_seconds());
        let state = State { history, rejected: None, report_rejected: None, pin: None };
        let record = Arc::new(Record::default());
        record.set(state.report());
        let (dirty, state) = (Arc::default(), Mutex::new(state));
        Arc::new(Self { published, record, metrics, replay, clock, home, environment, tls, builder, dirty, state })
    }

    /// What was reloaded, and what was rejected.
    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Looks at the folders now and says what became of it.
    pub async fn reload(self: &Arc<Self>, trigger: Trigger) -> ReloadReport {
        let this = Arc::clone(self);
        let attempt = tokio::spawn(async move { this.attempt(trigger).await });
        self.verdict(attempt.await)
    }

    pub(super) fn verdict(&self, ended: Result<ReloadReport, tokio::task::JoinError>) -> ReloadReport {
        let verdict = ended.unwrap_or_else(|error| {
            let refusal = CandidateRefusal::mistake(&error);
            tracing::error!("{}", refusal.summary);
            ReloadReport::refused(self.published.current().generation.number(), refusal.reason)
        });
        if !verdict.repeated {
            self.metrics.reloaded(verdict.result.as_str());
        }
        verdict
    }

    pub(super) fn folders(&self) -> [PathBuf; 2] {
        [self.home.dropins(), self.home.conf()]
    }

    async fn attempt(&self, trigger: Trigger) -> ReloadReport {
        let settling = Instant::now();
        settle::still(&self.folders()).await;
        self.metrics.phase("settle", settling.elapsed());
        let mut state = self.state.lock().await;
        let reading = Instant::now();
        let (digest, candidate) = self.read().await;
        self.metrics.phase("read", reading.elapsed());
        if trigger.is_explicit() {
            state.pin = None;
            state.rejected = None;
        }
        if digest == state.live().snapshot.fingerprint() {
            state.accept();
            state.pin = None;
            return self.unchanged(&state, trigger);
        }
        let again = trigger == Trigger::Retry && state.is_due(digest, self.clock.now_seconds());
        if !again && !state.is_news(digest) {
            return self.unchanged(&state, trigger);
        }
        if again {
            tracing::debug!(contents = digest.short(), "candidate tried again");
        } else {
            tracing::info!(trigger = trigger.as_str(), contents = digest.short(), "candidate seen");
        }
        let built = match candidate {
            Ok(snapshot) => self.build(state.live().clone(), snapshot, state.history.next_number()).await,
            Err(refusal) => Err(refusal),
        };
        match built {
            Ok(release) => {
                state.pin = None;
                state.accept();
                let verdict = self.publish(&mut state, release, Outcome::Published);
                if trigger.is_explicit() {
                    tracing::info!(generation = verdict.generation, "reloaded");
                }
                verdict
            }
            Err(refusal) => self.refuse(&mut state, digest, refusal),
        }
    }

    pub(super) fn unchanged(&self, state: &State, trigger: Trigger) -> ReloadReport {
        self.record.set(state.report());
        let generation = state.live().number();
        if trigger.is_explicit() {
            tracing::info!(generation, "reloaded: nothing changed");
        }
        ReloadReport {
            result: Outcome::Unchanged,
            generation,
            changes: Vec::new(),
            needs_restart: state.live().held.iter().map(ToString::to_string).collect(),
            warnings: state.live().live.warnings.clone(),
            reason: None,
            repeated: false,
        }
    }

    fn refuse(&self, state: &mut State, digest: Digest, refusal: CandidateRefusal) -> ReloadReport {
        let (generation, now) = (state.live().number(), self.clock.now_seconds());
        let before = state.retry_of(digest);
        let retry = refusal.is_transient.then(|| before.map_or_else(|| Retry::first(now), |retry| retry.next(now)));
        let retry_at = retry.map(Retry::at);
        let known = state.report_rejected.as_ref().is_some_and(|first| first.reason == refusal.reason);
        let repeated = before.is_some() && retry.is_some() && known;
        let contents = digest.short();
        if repeated {
            tracing::debug!(generation, contents, retry_at, "candidate rejected again: {}", refusal.summary);
        } else {
            let summary = &refusal.summary;
            tracing::error!(generation, contents, retry_at, "candidate rejected, the live generation stays: {summary}");
        }
        let at = state.report_rejected.as_ref().filter(|_| before.is_some()).map_or(now, |first| first.at);
        state.rejected = Some(Rejection { contents: digest, retry });
        state.report_rejected = Some(Rejected { at, retry_at, reason: refusal.reason.clone(), superseded: false });
        self.record.set(state.report());
        ReloadReport { repeated, ..ReloadReport::refused(generation, refusal.reason) }
    }

    /// The point of no return: nothing in here can fail.
    pub(super) fn publish(&self, state: &mut State, release: Release, outcome: Outcome) -> ReloadReport {
        let publishing = Instant::now();
        let (generation, before) = (release.number(), state.live().clone());
        let changes = release.changes_since(&before);
        let old = self.published.publish(Arc::clone(&release.live));
        self.follow(&before, &release);
        drain::watch(&self.published, &old);
        drop(old);
        let verdict = ReloadReport {
            result: outcome,
            generation,
            changes,
            needs_restart: release.held.iter().map(ToString::to_string).collect(),
            warnings: release.live.warnings.clone(),
            reason: None,
            repeated: false,
        };
        let file = self.home.deployment_toml().display().to_string();
        let known = &before.snapshot.notices;
        let notices = release.snapshot.notices.iter().filter(|notice| !known.iter().any(|old| old.says_as(notice)));
        notices.for_each(|notice| tracing::info!("{}", notice.line(&file)));
        let now = self.clock.now_seconds();
        let withdraws = outcome == Outcome::RolledBack;
        state.history.publish(release, now, withdraws).into_iter().for_each(drain::retire);
        self.record.set(state.report());
        self.metrics.phase("publish", publishing.elapsed());
        let changes = verdict.changes.join(", ");
        match outcome {
            Outcome::RolledBack => tracing::warn!(generation, from = before.number(), changes, "rolled back"),
            _ => tracing::info!(generation, changes, "published"),
        }
        verdict.needs_restart.iter().for_each(|held| tracing::warn!("{held}"));
        let known = &before.live.warnings;
        verdict.warnings.iter().filter(|line| !known.contains(line)).for_each(|line| tracing::warn!("{line}"));
        verdict
    }

    /// What is not part of a request follows the configuration: the replay cache, new TLS connections, the log.
    fn follow(&self, old: &Release, new: &Release) {
        let deployment = &new.live.deployment;
        let (timeout, capacity) = deployment.replay_cache.size();
        self.replay.reconfigure_cache(timeout, capacity);
        if let (Some(listener), Some(config)) = (&self.tls, &new.tls) {
            listener.reload_from_config(Arc::clone(config));
        }
        if old.live.deployment.logging != deployment.logging {
            logging::change(&self.home, &deployment.logging);
        }
    }

    /// Reads the folders; contents that changed while they were read are read again.
    pub(super) async fn read(&self) -> (Digest, Result<Snapshot, CandidateRefusal>) {
        let mut seen = settle::stamps(&self.folders()).await;
        let mut read = self.read_once().await;
        for _ in 1..READINGS {
            let now = settle::stamps(&self.folders()).await;
            if now == seen {
                break;
            }
            settle::still(&self.folders()).await;
            seen = settle::stamps(&self.folders()).await;
            read = self.read_once().await;
        }
        let digest = match &read {
            Ok(snapshot) => snapshot.fingerprint(),
            // Without a readable configuration the mistake is all that there is.
            Err(refusal) => Digest::of(refusal.reason.as_bytes()),
        };
        (digest, read)
    }

    async fn read_once(&self) -> Result<Snapshot, CandidateRefusal> {
        let (home, environment) = (self.home.clone(), self.environment.clone());
        Ok(background(move || Snapshot::read(&home, &environment)).await??)
    }

    /// Builds in the background.
    pub(super) async fn build(
        &self,
        live: Release,
        mut snapshot: Snapshot,
        number: u64,
    ) -> Result<Release, CandidateRefusal> {
        let building = Instant::now();
        let _building = self.record.building(self.clock.now_seconds());
        let (builder, runtime) = (Arc::clone(&self.builder), Handle::current());
        let work = move || -> Result<Release, CandidateRefusal> {
            let old = &live.live;
            let held = restart::hold_back(&old.deployment, &mut snapshot.deployment);
            if held.iter().any(|held| held.section == restart::HTTPS) {
                snapshot.tls.clone_from(&live.snapshot.tls);
            }
            let resources = old.resources.following(&old.deployment, &snapshot.deployment)?;
            Ok(runtime.block_on(builder.build(Arc::new(snapshot), resources, number, held))?)
        };
        let built = background(work).await;
        self.metrics.phase("build", building.elapsed());
        built?
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
