//! The editions that were published last, in the order of their last publication.
//!
//! The newest entry is the live one; [`KEPT`] others are kept for a rollback. What was rolled back from stays, so that an
//! operator may name it, but a rollback without a name does not return to it.

use std::collections::VecDeque;

use dropins_host::Digest;

use super::edition::Edition;

/// Good generations that are kept besides the live one.
pub(super) const KEPT: usize = 5;

/// A published edition.
pub(super) struct Entry {
    pub(super) edition: Edition,
    /// When it was last published, seconds since the Unix epoch.
    pub(super) published_at: u64,
    /// Whether somebody rolled back from it.
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
    pub(super) fn new(edition: Edition, published_at: u64) -> Self {
        let highest = edition.number();
        Self { live: Entry { edition, published_at, withdrawn: false }, earlier: VecDeque::new(), highest }
    }

    pub(super) fn live(&self) -> &Edition {
        &self.live.edition
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
    pub(super) fn previous(&self) -> Option<&Edition> {
        self.earlier.iter().rev().find(|entry| !entry.withdrawn).map(|entry| &entry.edition)
    }

    /// The kept edition with this number, the live one included.
    pub(super) fn find(&self, number: u64) -> Option<&Edition> {
        self.entries().map(|entry| &entry.edition).find(|edition| edition.number() == number)
    }

    /// The newest kept component of this plug-in that is not the live one, with the edition that it belongs to.
    pub(super) fn other_component(&self, plugin: &str) -> Option<(&Edition, Digest)> {
        let digest = |edition: &Edition| {
            let handlers = edition.live.generation.handlers().iter();
            handlers.map(|handler| handler.id()).find(|id| id.name == plugin).map(|id| id.digest)
        };
        let live = digest(&self.live.edition)?;
        let earlier = self.earlier.iter().rev().filter(|entry| !entry.withdrawn);
        earlier.map(|entry| &entry.edition).find_map(|edition| {
            let other = digest(edition).filter(|other| *other != live)?;
            Some((edition, other))
        })
    }

    /// Makes an edition the live one; `withdraws` the one before. Returns what is kept no longer.
    pub(super) fn publish(&mut self, edition: Edition, now: u64, withdraws: bool) -> Vec<Edition> {
        self.highest = self.highest.max(edition.number());
        self.earlier.retain(|entry| entry.edition.number() != edition.number());
        let mut before = std::mem::replace(&mut self.live, Entry { edition, published_at: now, withdrawn: false });
        before.withdrawn = withdraws;
        self.earlier.push_back(before);
        let surplus = self.earlier.len().saturating_sub(KEPT);
        self.earlier.drain(..surplus).map(|entry| entry.edition).collect()
    }
}
