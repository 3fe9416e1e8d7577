//! Returning to what was good before: a whole generation, or the component of one plug-in.
//!
//! A kept generation is published again as it is. One plug-in's component is put among the live contents, and that is a
//! candidate like any other: it may be refused. The components are also written back into the plug-in folder, so that a
//! restart has them; `deployment.toml` is never written.

use std::sync::Arc;

use dropins_host::background;
use futures_util::future::BoxFuture;
use tokio::sync::MutexGuard;

use super::kept;
use super::reloader::{Reloader, Trigger};
use super::report::{Outcome, ReloadReport};
use super::state::{Pin, State};
use dropins_live::{Release, Snapshot};

/// Where a server that was started anew has what it no longer remembers.
const EARLIER: &str = "`dropins plugin install` takes earlier components from repository/components/kept";

/// What to return to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The generation before.
    Previous,
    /// A kept generation.
    Generation(u64),
    /// The component that this plug-in had before; everything else stays.
    Plugin(String),
}

impl Reloader {
    /// Returns to what was live before, and stays there until new contents come or the operator reloads.
    pub fn roll_back(self: &Arc<Self>, target: Target) -> BoxFuture<'_, ReloadReport> {
        Box::pin(async move {
            let this = Arc::clone(self);
            self.watched(async move { this.counted(this.return_to(target).await) }).await
        })
    }

    async fn return_to(&self, target: Target) -> ReloadReport {
        let refused = |generation, reason: String| {
            tracing::warn!(generation, "not rolled back: {reason}");
            ReloadReport::refused(generation, reason)
        };
        let (mut state, found) = match &target {
            Target::Plugin(name) => self.with_earlier_component(name).await,
            target => {
                let state = self.state.lock().await;
                let found = kept_release(&state, target);
                (state, found)
            }
        };
        let generation = state.live().number();
        let release = match found {
            Ok(release) if release.number() == generation => return self.unchanged(&state, Trigger::Change),
            Ok(release) => release,
            Err(reason) => return refused(generation, reason),
        };
        let withdrawn = state.live().snapshot.fingerprint();
        let since = self.clock.now_seconds();
        let refused = state.rejected.as_ref().map(|rejection| rejection.contents);
        let judging = state.judging.take().map(|judging| judging.contents);
        let pin = state.pin.get_or_insert(Pin { since, withdrawn: Vec::new() });
        pin.since = since;
        pin.withdrawn.push(withdrawn);
        // What was refused or seen before must not come back without the operator.
        pin.withdrawn.extend(refused.into_iter().chain(judging));
        // What is returned to is not what is kept away.
        pin.withdrawn.retain(|digest| *digest != release.snapshot.fingerprint());
        state.give_up();
        let report = self.publish(&mut state, release.clone(), Outcome::RolledBack);
        let home = self.home.clone();
        let failed = background(move || kept::write_back(&home, &release)).await.unwrap_or_default();
        failed.iter().for_each(|line| tracing::warn!("{line}"));
        ReloadReport { warnings: [report.warnings, failed].concat(), ..report }
    }

    /// The live release with the component that the plug-in had before. The compiler holds nothing up.
    async fn with_earlier_component(&self, name: &str) -> (MutexGuard<'_, State>, Result<Release, String>) {
        let state = self.state.lock().await;
        let live = state.live().clone();
        let snapshot = earlier_component(&state, name);
        drop(state);
        let compiled = match snapshot {
            Ok(snapshot) => self.compile(&live, snapshot).await.map_err(|refusal| refusal.reason),
            Err(reason) => Err(reason),
        };
        let state = self.state.lock().await;
        let compiled = match compiled {
            Ok(_) if state.live().number() != live.number() => Err("another generation came meanwhile".to_owned()),
            compiled => compiled,
        };
        let built = match compiled {
            Ok(compiled) => self.build(compiled, state.history.next_number()).await.map_err(|refusal| refusal.reason),
            Err(reason) => Err(reason),
        };
        (state, built.map(|release| Release { held: live.held, ..release }))
    }
}

/// A kept generation.
fn kept_release(state: &State, target: &Target) -> Result<Release, String> {
    let found = match target {
        Target::Generation(number) => state.history.find(*number).cloned().ok_or_else(|| {
            let kept: Vec<_> = state.history.entries().map(|entry| entry.release.number().to_string()).collect();
            format!("generation {number} is not kept; kept are {}", kept.join(", "))
        }),
        _ => state.history.previous().cloned().ok_or_else(|| "there is no generation before".to_owned()),
    };
    found.map_err(|reason| format!("{reason}; {EARLIER}"))
}

/// The live contents with the component that the plug-in had before.
fn earlier_component(state: &State, name: &str) -> Result<Snapshot, String> {
    let live = state.live();
    let mut handlers = live.live.generation.handlers().iter();
    let handler = handlers.find(|handler| handler.description().answers_to(name) || handler.file() == name);
    let handler = handler.ok_or_else(|| format!("no live plug-in is named `{name}`"))?;
    let earlier = state.history.other_component(&handler.id().name).and_then(|(release, digest)| {
        let mut components = release.snapshot.plugins.iter().flatten().flatten();
        components.find(|candidate| candidate.digest() == digest).cloned()
    });
    let earlier = earlier.ok_or_else(|| format!("no other component of `{name}` is kept; {EARLIER}"))?;
    Ok(live.snapshot.with_component(handler.file(), &earlier))
}
