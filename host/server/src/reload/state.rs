//! What the reloader knows: what is live, what is kept, what was refused, and whether a rollback holds.

use std::sync::Arc;

use dropins_host::Digest;

use super::edition::Edition;
use super::history::History;
use super::record::{Kept, Rejected, Report};

/// The state between two candidates.
pub(super) struct State {
    pub(super) history: History,
    /// What was refused last.
    pub(super) rejected: Option<Digest>,
    pub(super) report_rejected: Option<Rejected>,
    pub(super) pin: Option<Pin>,
}

/// A rollback holds until other contents come than those that were rolled back from.
pub(super) struct Pin {
    pub(super) since: u64,
    pub(super) withdrawn: Vec<Digest>,
}

impl State {
    /// Whether nobody has judged these contents yet.
    pub(super) fn is_news(&self, digest: Digest) -> bool {
        let pinned = self.pin.as_ref().is_some_and(|pin| pin.withdrawn.contains(&digest));
        digest != self.live().snapshot.fingerprint() && self.rejected != Some(digest) && !pinned
    }

    pub(super) fn live(&self) -> &Edition {
        self.history.live()
    }

    /// Good contents have come: what was refused is past.
    pub(super) fn accept(&mut self) {
        self.rejected = None;
        self.report_rejected.iter_mut().for_each(|rejected| rejected.superseded = true);
    }

    pub(super) fn report(&self) -> Report {
        let kept = self.history.entries().map(|entry| Kept {
            generation: entry.edition.number(),
            published_at: entry.published_at,
            withdrawn: entry.withdrawn,
            live: Arc::downgrade(&entry.edition.live),
        });
        Report {
            kept: kept.collect(),
            pinned_since: self.pin.as_ref().map(|pin| pin.since),
            rejected: self.report_rejected.clone(),
            needs_restart: self.live().held.clone(),
        }
    }
}
