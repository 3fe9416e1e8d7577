//! What the reloader knows: what is live, kept, judged now, refused, and whether a rollback holds.

use std::sync::Arc;

use dropins_host::Digest;
use futures_util::future::{BoxFuture, Shared};

use super::history::History;
use super::record::{Kept, Rejected, Report};
use super::report::ReloadReport;
use super::retry::Retry;
use dropins_live::{Release, Snapshot};

/// The state between two candidates.
pub(super) struct State {
    pub(super) history: History,
    /// What was refused last.
    pub(super) rejected: Option<Rejection>,
    pub(super) report_rejected: Option<Rejected>,
    pub(super) pin: Option<Pin>,
    /// What is judged now.
    pub(super) judging: Option<Judging>,
}

/// A candidate that is being compiled and built. It is given up when other contents come, or a rollback.
#[derive(Clone)]
pub(super) struct Judging {
    pub(super) contents: Digest,
    /// `None` without a readable configuration.
    pub(super) snapshot: Option<Snapshot>,
    pub(super) verdict: Shared<BoxFuture<'static, ReloadReport>>,
}

/// Contents that were refused, and when they are tried again, if the cause is transient.
pub(super) struct Rejection {
    pub(super) contents: Digest,
    pub(super) retry: Option<Retry>,
}

/// A rollback holds until contents come that are not withdrawn.
pub(super) struct Pin {
    pub(super) since: u64,
    pub(super) withdrawn: Vec<Digest>,
}

impl State {
    /// What is judged now, if it is these contents.
    pub(super) fn judging(&self, contents: Digest) -> Option<&Judging> {
        self.judging.as_ref().filter(|judging| judging.contents == contents)
    }

    /// Whether these contents were not judged yet.
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

    /// What was refused is not tried again by itself: the operator has decided otherwise.
    pub(super) fn give_up(&mut self) {
        self.rejected.iter_mut().for_each(|rejection| rejection.retry = None);
        self.report_rejected.iter_mut().for_each(|rejected| rejected.retry_at = None);
    }

    pub(super) fn live(&self) -> &Release {
        self.history.live()
    }

    /// Good contents have come: what was refused is past, and what was withdrawn as well.
    pub(super) fn accept(&mut self) {
        self.pin = None;
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
