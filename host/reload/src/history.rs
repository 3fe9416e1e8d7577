//! The releases that were published last, in the order of their last publication.
//!
//! The newest entry is the live one; [`KEPT`] others are kept for a rollback. What was rolled back from stays, so that an
//! operator may name it, but a rollback without a name does not return to it.

use std::collections::VecDeque;

use dropins_host::Digest;

use dropins_live::Release;

/// Good generations that are kept besides the live one.
pub(super) const KEPT: usize = 5;

/// A published release.
pub(super) struct Entry {
    pub(super) release: Release,
    /// When it was last published, seconds since the Unix epoch.
    pub(super) published_at: u64,
    /// Whether the operator rolled back from it.
    pub(super) withdrawn: bool,
}

/// What can be returned to.
pub(super) struct History {
    live: Entry,
    /// The oldest first.
    earlier: VecDeque<Entry>,
    highest: u64,
}

impl History {
    pub(super) fn new(release: Release, published_at: u64) -> Self {
        let highest = release.number();
        Self { live: Entry { release, published_at, withdrawn: false }, earlier: VecDeque::new(), highest }
    }

    pub(super) fn live(&self) -> &Release {
        &self.live.release
    }

    /// The number of the next generation; no number is used twice.
    pub(super) fn next_number(&self) -> u64 {
        self.highest + 1
    }

    /// The live one, then the others, the newest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(&self.live).chain(self.earlier.iter().rev())
    }

    /// What a rollback without a name returns to.
    pub(super) fn previous(&self) -> Option<&Release> {
        self.earlier.iter().rev().find(|entry| !entry.withdrawn).map(|entry| &entry.release)
    }

    /// The kept release with this number, the live one included.
    pub(super) fn find(&self, number: u64) -> Option<&Release> {
        self.entries().map(|entry| &entry.release).find(|release| release.number() == number)
    }

    /// The newest kept component of this plug-in that is not the live one, with the release that it belongs to.
    pub(super) fn other_component(&self, plugin: &str) -> Option<(&Release, Digest)> {
        let digest = |release: &Release| {
            let handlers = release.live.generation.handlers().iter();
            handlers.map(|handler| handler.id()).find(|id| id.name == plugin).map(|id| id.digest)
        };
        let live = digest(&self.live.release)?;
        let earlier = self.earlier.iter().rev().filter(|entry| !entry.withdrawn);
        earlier.map(|entry| &entry.release).find_map(|release| {
            let other = digest(release).filter(|other| *other != live)?;
            Some((release, other))
        })
    }

    /// Makes a release the live one; `withdraws` the one before. Returns what is kept no longer.
    pub(super) fn publish(&mut self, release: Release, now: u64, withdraws: bool) -> Vec<Release> {
        self.highest = self.highest.max(release.number());
        self.earlier.retain(|entry| entry.release.number() != release.number());
        let mut before = std::mem::replace(&mut self.live, Entry { release, published_at: now, withdrawn: false });
        before.withdrawn = withdraws;
        self.earlier.push_back(before);
        let surplus = self.earlier.len().saturating_sub(KEPT);
        self.earlier.drain(..surplus).map(|entry| entry.release).collect()
    }
}
