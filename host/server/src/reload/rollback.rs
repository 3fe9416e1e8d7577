//! Returning to what was good before: a whole generation, or the component of one plug-in.
//!
//! A kept generation is published again as it is. One plug-in's component is put among the live contents, and that is a
//! candidate like any other: it may be refused.

use std::sync::Arc;

use super::reloader::{Reloader, Trigger};
use super::report::{Outcome, ReloadReport};
use super::state::{Pin, State};
use crate::live::Release;

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
    /// Returns to what was live before, and stays there until contents come that are new, or somebody reloads.
    pub async fn roll_back(self: &Arc<Self>, target: Target) -> ReloadReport {
        let this = Arc::clone(self);
        let attempt = tokio::spawn(async move { this.return_to(target).await });
        self.verdict(attempt.await)
    }

    async fn return_to(&self, target: Target) -> ReloadReport {
        let mut state = self.state.lock().await;
        let generation = state.live().number();
        let found = match &target {
            Target::Previous => {
                state.history.previous().cloned().ok_or_else(|| "there is no generation before".to_owned())
            }
            Target::Generation(number) => state.history.find(*number).cloned().ok_or_else(|| {
                let kept: Vec<_> = state.history.entries().map(|entry| entry.release.number().to_string()).collect();
                format!("generation {number} is not kept; kept are {}", kept.join(", "))
            }),
            Target::Plugin(name) => self.earlier_component(&state, name).await,
        };
        let release = match found {
            Ok(release) if release.number() == generation => return self.unchanged(&state, Trigger::Change),
            Ok(release) => release,
            Err(reason) => {
                tracing::warn!(generation, "not rolled back: {reason}");
                return ReloadReport::refused(generation, reason);
            }
        };
        let withdrawn = state.live().snapshot.fingerprint();
        let since = self.clock.now_seconds();
        let refused = state.rejected.as_ref().map(|rejection| rejection.contents);
        let pin = state.pin.get_or_insert(Pin { since, withdrawn: Vec::new() });
        pin.since = since;
        pin.withdrawn.push(withdrawn);
        // What was refused before must not be tried again behind the operator's back.
        pin.withdrawn.extend(refused);
        // What is returned to is not what is kept away.
        pin.withdrawn.retain(|digest| *digest != release.snapshot.fingerprint());
        state.give_up();
        self.publish(&mut state, release, Outcome::RolledBack)
    }

    /// The live release with the component that the plug-in had before.
    async fn earlier_component(&self, state: &State, name: &str) -> Result<Release, String> {
        let live = state.live();
        let handlers = live.live.generation.handlers();
        let handler = handlers.iter().find(|handler| handler.description().answers_to(name) || handler.file() == name);
        let handler = handler.ok_or_else(|| format!("no live plug-in is named `{name}`"))?;
        let earlier = state.history.other_component(&handler.id().name).and_then(|(release, digest)| {
            let mut components = release.snapshot.plugins.iter().flatten().flatten();
            components.find(|candidate| candidate.digest() == digest).cloned()
        });
        let earlier = earlier.ok_or_else(|| format!("no other component of `{name}` is kept"))?;
        let snapshot = live.snapshot.with_component(handler.file(), &earlier);
        let held = live.held.clone();
        let built = self.build(live.clone(), snapshot, state.history.next_number()).await;
        built.map(|release| Release { held, ..release }).map_err(|refusal| refusal.reason)
    }
}
