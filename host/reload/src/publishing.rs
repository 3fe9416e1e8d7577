//! How a candidate ends: unchanged, refused, or published.

use std::sync::Arc;
use std::time::Instant;

use dropins_host::{Digest, background};

use super::record::Rejected;
use super::refusal::CandidateRefusal;
use super::reloader::{Reloader, Trigger};
use super::report::{Outcome, ReloadReport};
use super::retry::Retry;
use super::state::{Rejection, State};
use super::{drain, kept};
use dropins_live::Release;
use dropins_telemetry::logging;

impl Reloader {
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
            compiling: Vec::new(),
            reason: None,
            repeated: false,
        }
    }

    pub(super) fn refuse(&self, state: &mut State, digest: Digest, refusal: CandidateRefusal) -> ReloadReport {
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
            compiling: Vec::new(),
            reason: None,
            repeated: false,
        };
        let file = self.home.deployment_toml().display().to_string();
        let known = &before.snapshot.notices;
        let notices = release.snapshot.notices.iter().filter(|notice| !known.iter().any(|old| old.says_as(notice)));
        notices.for_each(|notice| tracing::info!("{}", notice.line(&file)));
        let now = self.clock.now_seconds();
        let withdraws = outcome == Outcome::RolledBack;
        kept::keep(&self.home, &before, &release);
        let surplus = state.history.publish(release, now, withdraws);
        // Taking native code out of memory is nothing that a request or a reload should wait for.
        drop(background(move || drop(surplus)));
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
}
