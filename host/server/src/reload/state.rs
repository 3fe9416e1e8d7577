//! What the reloader knows: what is live, what is kept, what was refused, and whether a rollback holds.

use std::sync::Arc;

use dropins_host::Digest;

use super::history::History;
use super::record::{Kept, Rejected, Report};
use super::retry::Retry;
use crate::live::Release;

/// The state between two candidates.
pub(super) struct State {
    pub(super) history: History,
    /// What was refused last.
    pub(super) rejected: Option<Rejection>,
    pub(super) report_rejected: Option<Rejected>,
    pub(super) pin: Option<Pin>,
}

/// Contents that were refused, and when they are tried again, if the cause may pass by itself.
pub(super) struct Rejection {
    pub(super) contents: Digest,
    pub(super) retry: Option<Retry>,
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
        digest != self.live().snapshot.fingerprint() && self.rejection_of(digest).is_none() && !pinned
    }

    /// Whether these contents were refused, and it is time to try them again.
    pub(super) fn is_due(&self, digest: Digest, now: u64) -> bool {
        self.retry_of(digest).is_some_and(|retry| retry.is_due(now))
    }

    /// When these contents are tried again.
    pub(super) fn retry_of(&self, digest: Digest) -> Option<Retry> {
        self.rejection_of(digest)?.retry
    }

    fn rejection_of(&self, digest: Digest) -> Option<&Rejection> {
        self.rejected.as_ref().filter(|rejection| rejection.contents == digest)
    }

    /// What was refused is not tried again by itself: somebody has decided otherwise.
    pub(super) fn give_up(&mut self) {
        self.rejected.iter_mut().for_each(|rejection| rejection.retry = None);
        self.report_rejected.iter_mut().for_each(|rejected| rejected.retry_at = None);
    }

    pub(super) fn live(&self) -> &Release {
        self.history.live()
    }

    /// Good contents have come: what was refused is past.
    pub(super) fn accept(&mut self) {
        self.give_up();
        self.rejected = None;
        self.report_rejected.iter_mut().for_each(|rejected| rejected.superseded = true);
    }

    pub(super) fn report(&self) -> Report {
        let kept = self.history.entries().map(|entry| Kept {
            generation: entry.release.number(),
            published_at: entry.published_at,
            withdrawn: entry.withdrawn,
            live: Arc::downgrade(&entry.release.live),
        });
        Report {
            kept: kept.collect(),
            pinned_since: self.pin.as_ref().map(|pin| pin.since),
            rejected: self.report_rejected.clone(),
            needs_restart: self.live().held.clone(),
        }
    }
}
