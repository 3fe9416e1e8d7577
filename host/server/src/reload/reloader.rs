//! The reloader: one candidate at a time, from a trigger to a verdict.
//!
//! Reading and building run in tasks of their own, whose panic is a refusal. A caller that goes away does not stop what
//! it began.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum_server::tls_rustls::RustlsConfig;
use dropins_host::{Digest, Panicked, background};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify};

use super::edition::Edition;
use super::history::History;
use super::record::Rejected;
use super::restart::{self, Held};
use super::retry::Retry;
use super::snapshot::Snapshot;
use super::state::{Rejection, State};
use super::verdict::{Outcome, Verdict};
use super::{drain, settle};
use crate::app::App;
use crate::config::Environment;
use crate::home::Home;
use crate::live::Parts;
use crate::logging;
use crate::startup::StartError;

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

type Built = Result<Edition, StartError>;
type Build = fn(Arc<Snapshot>, Parts, u64, Vec<Held>) -> BoxFuture<'static, Built>;

/// Decides what is live.
pub struct Reloader {
    pub(super) app: Arc<App>,
    home: Home,
    environment: Environment,
    tls: Option<RustlsConfig>,
    pub(super) dirty: Arc<Notify>,
    pub(super) state: Mutex<State>,
    build: Build,
}

/// Why a candidate is refused: on one line for the log, in full for whoever asks.
pub(super) struct Refusal {
    summary: String,
    pub(super) reason: String,
    /// Whether the same contents may be good another time.
    may_pass: bool,
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        Self { summary: error.summary(), reason: error.to_string(), may_pass: error.may_pass() }
    }
}

impl Refusal {
    fn mistake(error: &dyn std::error::Error) -> Self {
        let text = format!("the candidate could not be judged, which is a mistake in this program: {error}");
        Self { summary: text.clone(), reason: text, may_pass: false }
    }
}

impl From<Panicked> for Refusal {
    fn from(panicked: Panicked) -> Self {
        Self::mistake(&panicked)
    }
}

impl Reloader {
    /// A reloader of an app that serves this edition; `tls` is what the HTTPS listener has been given.
    pub fn new(app: Arc<App>, edition: Edition, environment: Environment, tls: Option<RustlsConfig>) -> Arc<Self> {
        let home = edition.live.parts.home.clone();
        let history = History::new(edition, app.clock.now_seconds());
        let state = State { history, rejected: None, report_rejected: None, pin: None };
        app.reloads.set(state.report());
        let build: Build = |snapshot, parts, number, held| Box::pin(Edition::build(snapshot, parts, number, held));
        Arc::new(Self { app, home, environment, tls, dirty: Arc::default(), state: Mutex::new(state), build })
    }

    /// Looks at the folders now and says what became of it.
    pub async fn reload(self: &Arc<Self>, trigger: Trigger) -> Verdict {
        let this = Arc::clone(self);
        let attempt = tokio::spawn(async move { this.attempt(trigger).await });
        self.verdict(attempt.await)
    }

    pub(super) fn verdict(&self, ended: Result<Verdict, tokio::task::JoinError>) -> Verdict {
        let verdict = ended.unwrap_or_else(|error| {
            let refusal = Refusal::mistake(&error);
            tracing::error!("{}", refusal.summary);
            Verdict::refused(self.app.live().generation.number(), refusal.reason)
        });
        if !verdict.repeated {
            self.app.metrics.reloaded(verdict.result);
        }
        verdict
    }

    pub(super) fn folders(&self) -> [PathBuf; 2] {
        [self.home.dropins(), self.home.conf()]
    }

    async fn attempt(&self, trigger: Trigger) -> Verdict {
        let settling = Instant::now();
        settle::still(&self.folders()).await;
        self.app.metrics.phase("settle", settling.elapsed());
        let mut state = self.state.lock().await;
        let reading = Instant::now();
        let (digest, candidate) = self.read().await;
        self.app.metrics.phase("read", reading.elapsed());
        if trigger.is_explicit() {
            state.pin = None;
            state.rejected = None;
        }
        if digest == state.live().snapshot.fingerprint() {
            state.accept();
            state.pin = None;
            return self.unchanged(&state, trigger);
        }
        let again = trigger == Trigger::Retry && state.is_due(digest, self.app.clock.now_seconds());
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
            Ok(edition) => {
                state.pin = None;
                state.accept();
                let verdict = self.publish(&mut state, edition, Outcome::Published);
                if trigger.is_explicit() {
                    tracing::info!(generation = verdict.generation, "reloaded");
                }
                verdict
            }
            Err(refusal) => self.refuse(&mut state, digest, refusal),
        }
    }

    pub(super) fn unchanged(&self, state: &State, trigger: Trigger) -> Verdict {
        self.app.reloads.set(state.report());
        let generation = state.live().number();
        if trigger.is_explicit() {
            tracing::info!(generation, "reloaded: nothing changed");
        }
        Verdict {
            result: Outcome::Unchanged,
            generation,
            changes: Vec::new(),
            needs_restart: state.live().held.clone(),
            warnings: state.live().live.warnings.clone(),
            reason: None,
            repeated: false,
        }
    }

    fn refuse(&self, state: &mut State, digest: Digest, refusal: Refusal) -> Verdict {
        let (generation, now) = (state.live().number(), self.app.clock.now_seconds());
        let before = state.retry_of(digest);
        let retry = refusal.may_pass.then(|| before.map_or_else(|| Retry::first(now), |retry| retry.next(now)));
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
        self.app.reloads.set(state.report());
        Verdict { repeated, ..Verdict::refused(generation, refusal.reason) }
    }

    /// The point of no return: nothing in here can fail.
    pub(super) fn publish(&self, state: &mut State, edition: Edition, outcome: Outcome) -> Verdict {
        let publishing = Instant::now();
        let (generation, before) = (edition.number(), state.live().clone());
        let changes = edition.changes_since(&before);
        let old = self.app.publish(Arc::clone(&edition.live));
        self.follow(&before, &edition);
        drain::watch(&self.app, &old);
        drop(old);
        let verdict = Verdict {
            result: outcome,
            generation,
            changes,
            needs_restart: edition.held.clone(),
            warnings: edition.live.warnings.clone(),
            reason: None,
            repeated: false,
        };
        let file = self.home.deployment_toml().display().to_string();
        let known = &before.snapshot.notices;
        let notices = edition.snapshot.notices.iter().filter(|notice| !known.iter().any(|old| old.says_as(notice)));
        notices.for_each(|notice| tracing::info!("{}", notice.line(&file)));
        let now = self.app.clock.now_seconds();
        let withdraws = outcome == Outcome::RolledBack;
        state.history.publish(edition, now, withdraws).into_iter().for_each(drain::retire);
        self.app.reloads.set(state.report());
        self.app.metrics.phase("publish", publishing.elapsed());
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
    fn follow(&self, old: &Edition, new: &Edition) {
        let deployment = &new.live.deployment;
        let (timeout, capacity) = deployment.replay_cache.size();
        self.app.replay.reconfigure_cache(timeout, capacity);
        if let (Some(listener), Some(config)) = (&self.tls, &new.tls) {
            listener.reload_from_config(Arc::clone(config));
        }
        if old.live.deployment.logging != deployment.logging {
            logging::change(&deployment.logging);
        }
    }

    /// Reads the folders; contents that changed while they were read are read again.
    pub(super) async fn read(&self) -> (Digest, Result<Snapshot, Refusal>) {
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

    async fn read_once(&self) -> Result<Snapshot, Refusal> {
        let (home, environment) = (self.home.clone(), self.environment.clone());
        Ok(background(move || Snapshot::read(&home, &environment)).await??)
    }

    /// Builds in the background.
    pub(super) async fn build(&self, live: Edition, mut snapshot: Snapshot, number: u64) -> Result<Edition, Refusal> {
        let building = Instant::now();
        let _building = self.app.reloads.building(self.app.clock.now_seconds());
        let (build, runtime) = (self.build, Handle::current());
        let work = move || {
            let old = &live.live;
            let held = restart::hold_back(&old.deployment, &mut snapshot.deployment);
            if held.iter().any(|held| held.section == restart::HTTPS) {
                snapshot.tls.clone_from(&live.snapshot.tls);
            }
            let parts = old.parts.following(&old.deployment, &snapshot.deployment)?;
            runtime.block_on(build(Arc::new(snapshot), parts, number, held))
        };
        let built = background(work).await;
        self.app.metrics.phase("build", building.elapsed());
        Ok(built??)
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
