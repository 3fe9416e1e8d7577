//! From contents to a release: compiled, built, published or refused.
//!
//! The compiler holds nothing up: the state is locked once it is done. What it is not done with in time does not hold up
//! the rest of the file.

use std::sync::Arc;
use std::time::Instant;

use dropins_host::{Digest, background};
use tokio::runtime::Handle;

use super::refusal::CandidateRefusal;
use super::reloader::{Reloader, Trigger};
use super::report::{Outcome, ReloadReport};
use super::state::{Judging, State};
use dropins_live::{Compiled, Release, Snapshot, restart, uncompiled};

impl Reloader {
    /// Compiles without holding anything up, then builds and publishes.
    pub(super) async fn judge(
        self: Arc<Self>,
        contents: Digest,
        read: Result<Snapshot, CandidateRefusal>,
        trigger: Trigger,
    ) -> ReloadReport {
        let building = Instant::now();
        let _building = self.record.building(self.clock.now_seconds());
        let live = self.state.lock().await.live().clone();
        let compiled = match read {
            Ok(snapshot) => self.compile(&live, snapshot).await,
            Err(refusal) => Err(refusal),
        };
        let mut state = self.state.lock().await;
        let Some(Judging { snapshot, .. }) = state.judging(contents).cloned() else {
            let reason = "other contents have come meanwhile, or a rollback";
            return ReloadReport { repeated: true, ..ReloadReport::refused(state.live().number(), reason) };
        };
        let is_uncompiled = compiled.as_ref().is_ok_and(|compiled| compiled.plugins.is_uncompiled);
        let built = match compiled {
            Ok(compiled) => self.build(compiled, state.history.next_number()).await,
            Err(refusal) => Err(refusal),
        };
        self.metrics.phase("build", building.elapsed());
        self.counted(match built {
            Ok(release) => {
                state.accept();
                let report = self.publish(&mut state, release, Outcome::Published);
                if trigger.is_explicit() {
                    tracing::info!(generation = report.generation, "reloaded");
                }
                report
            }
            Err(refusal) => {
                if let Some(snapshot) = snapshot.filter(|_| is_uncompiled) {
                    self.publish_rest(&mut state, &snapshot).await;
                }
                self.refuse(&mut state, contents, refusal)
            }
        })
    }

    /// What becomes of contents while the compiler works on them.
    pub(super) async fn meanwhile(&self, judging: &Judging) -> ReloadReport {
        let mut state = self.state.lock().await;
        let Some(snapshot) = judging.snapshot.as_ref().filter(|_| state.judging(judging.contents).is_some()) else {
            drop(state);
            return judging.verdict.clone().await;
        };
        let compiling = uncompiled(snapshot, &state.live().live.resources.engine);
        let published = self.publish_rest(&mut state, snapshot).await;
        let report = published.unwrap_or_else(|| self.unchanged(&state, Trigger::Change));
        ReloadReport { compiling, ..report }
    }

    /// Publishes what needs no compiler: everything but listeners, components and limits.
    async fn publish_rest(&self, state: &mut State, snapshot: &Snapshot) -> Option<ReloadReport> {
        let live = state.live().clone();
        let rest = snapshot.with_plugins_of(&live.snapshot);
        if rest.fingerprint() == live.snapshot.fingerprint() {
            return None;
        }
        let compiled = self.compile(&live, rest).await;
        let built = match compiled {
            Ok(compiled) => self.build(compiled, state.history.next_number()).await,
            Err(refusal) => Err(refusal),
        };
        match built {
            Ok(release) => {
                let report = self.publish(state, release, Outcome::Published);
                tracing::warn!("listeners, components and limits wait for the compiler; everything else is in force");
                Some(report)
            }
            Err(refusal) => {
                tracing::warn!("what needs no compiler waits for it as well: {}", refusal.summary);
                None
            }
        }
    }

    /// Compiles what the snapshot needs, as it may follow on the live release.
    pub(super) async fn compile(&self, live: &Release, mut snapshot: Snapshot) -> Result<Compiled, CandidateRefusal> {
        let (live, counters) = (live.clone(), live.live.generation.counters());
        let followed = background(move || -> Result<_, CandidateRefusal> {
            let old = &live.live;
            let held = restart::hold_back(&old.deployment, &mut snapshot.deployment);
            if held.iter().any(|held| held.section == restart::HTTPS) {
                snapshot.tls.clone_from(&live.snapshot.tls);
            }
            let resources = old.resources.following(&old.deployment, &snapshot.deployment)?;
            Ok((snapshot, resources, held))
        });
        let (snapshot, resources, held) = followed.await??;
        Ok(Compiled { counters, ..Compiled::of(snapshot, resources, held).await })
    }

    /// Builds in the background.
    pub(super) async fn build(&self, compiled: Compiled, number: u64) -> Result<Release, CandidateRefusal> {
        let (builder, runtime) = (Arc::clone(&self.builder), Handle::current());
        Ok(background(move || runtime.block_on(builder.build(compiled, number))).await??)
    }
}
