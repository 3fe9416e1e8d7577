//! Which keys are used, written down lazily.
//!
//! A request only notes the time in memory. The database learns of a key's first use within `FLUSH` and of later ones
//! once in [`RESOLUTION`], and of everything when the server stops; after a crash a time may be a minute too early.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dropins_services::{Clock, KeyDescription};
use tokio_util::task::AbortOnDropHandle;

use super::directory::Directory;
use super::stored;
use dropins_database::StoreError;
use dropins_store::clients::{IdentityStore, KeyUse};

/// How often the notes are written.
const FLUSH: Duration = Duration::from_secs(3);

/// How exact the time of a key that is in constant use is, in seconds.
const RESOLUTION: u64 = 60;

/// Keys that are noted at once; the use of one more is not noted until others are written and forgotten.
const MAX_NOTES: usize = 200_000;

/// The ledger.
pub struct Ledger {
    store: IdentityStore,
    clock: Arc<dyn Clock>,
    notes: Mutex<Notes>,
}

/// Notes by client id and thumbprint.
#[derive(Default)]
struct Notes {
    clients: HashMap<String, HashMap<String, Note>>,
    keys: usize,
}

#[derive(Clone)]
struct Note {
    source: String,
    first_seen: u64,
    last_used: Option<u64>,
    /// The last use that the database knows, or nothing when it does not know the key yet.
    written: Option<Option<u64>>,
}

impl Ledger {
    /// An empty ledger over this database.
    pub fn new(store: IdentityStore, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, notes: Mutex::default() }
    }

    /// Notes that this key authenticated its client now.
    pub fn used(&self, client_id: &str, key: &KeyDescription) {
        let now = self.clock.now_seconds();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = notes.clients.get_mut(client_id).and_then(|keys| keys.get_mut(&key.thumbprint)) {
            note.last_used = Some(now);
            return;
        }
        notes.add(
            client_id,
            &key.thumbprint,
            Note { source: key.source.clone(), first_seen: now, last_used: Some(now), written: None },
        );
    }

    /// Notes that the keys of the declared clients are there.
    pub fn seen(&self, directory: &Directory) {
        let now = self.clock.now_seconds();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        for KeyUse { client_id, thumbprint, source, .. } in directory.declared().flat_map(|c| stored::seen(c, now)) {
            if notes.clients.get(&client_id).is_none_or(|keys| !keys.contains_key(&thumbprint)) {
                notes.add(&client_id, &thumbprint, Note { source, first_seen: now, last_used: None, written: None });
            }
        }
    }

    /// Writes the notes that are due; all of them, when the server stops.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written; the notes are kept for the next time.
    pub async fn flush(&self, all: bool) -> Result<(), StoreError> {
        let now = self.clock.now_seconds();
        let due = self.notes.lock().unwrap_or_else(PoisonError::into_inner).due(now, all);
        if due.is_empty() {
            return Ok(());
        }
        self.store.record(due.clone()).await?;
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).written(&due, now);
        Ok(())
    }

    /// Writes the notes every `FLUSH`.
    pub fn keep(self: Arc<Self>) -> AbortOnDropHandle<()> {
        let task = async move {
            loop {
                tokio::time::sleep(FLUSH).await;
                if let Err(error) = self.flush(false).await {
                    tracing::warn!(%error, "the last use of keys cannot be written down; it is tried again");
                }
            }
        };
        AbortOnDropHandle::new(tokio::spawn(task))
    }
}

impl Notes {
    fn add(&mut self, client_id: &str, thumbprint: &str, note: Note) {
        if self.keys >= MAX_NOTES {
            return;
        }
        self.keys += 1;
        self.clients.entry(client_id.to_owned()).or_default().insert(thumbprint.to_owned(), note);
    }

    fn due(&self, now: u64, all: bool) -> Vec<KeyUse> {
        let is_due = |note: &Note| match (note.written, note.last_used) {
            (None, _) | (Some(None), Some(_)) => true,
            (Some(Some(written)), Some(used)) => used > written && (all || now >= written.saturating_add(RESOLUTION)),
            (Some(_), None) => false,
        };
        let mut due = Vec::new();
        for (client_id, keys) in &self.clients {
            for (thumbprint, note) in keys.iter().filter(|(_, note)| is_due(note)) {
                due.push(KeyUse {
                    client_id: client_id.clone(),
                    thumbprint: thumbprint.clone(),
                    source: note.source.clone(),
                    first_seen: note.first_seen,
                    last_used: note.last_used,
                });
            }
        }
        due
    }

    /// Remembers what was written, and forgets keys that were not used for a while since.
    fn written(&mut self, uses: &[KeyUse], now: u64) {
        for KeyUse { client_id, thumbprint, last_used, .. } in uses {
            if let Some(note) = self.clients.get_mut(client_id).and_then(|keys| keys.get_mut(thumbprint)) {
                note.written = Some(*last_used);
            }
        }
        let is_quiet = |note: &Note| {
            let quiet = note.last_used.is_none_or(|used| now >= used.saturating_add(RESOLUTION));
            note.written == Some(note.last_used) && quiet
        };
        self.clients.retain(|_, keys| {
            keys.retain(|_, note| !is_quiet(note));
            !keys.is_empty()
        });
        self.keys = self.clients.values().map(HashMap::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_database::Database;
    use dropins_services::FixedClock;

    struct Bench {
        ledger: Ledger,
        clock: Arc<FixedClock>,
        _folder: tempfile::TempDir,
    }

    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let store =
            IdentityStore::new(Database::sqlite(&folder.path().join("identity.db"), &dropins_store::SCHEMA).unwrap());
        let clock = Arc::new(FixedClock::at(1_000_000));
        Bench { ledger: Ledger::new(store, clock.clone()), clock, _folder: folder }
    }

    fn key(thumbprint: &str) -> KeyDescription {
        KeyDescription {
            kid: None,
            thumbprint: thumbprint.to_owned(),
            source: "jwks".to_owned(),
            not_before: None,
            not_after: None,
        }
    }

    impl Bench {
        async fn last_used(&self) -> Vec<(String, Option<u64>)> {
            let uses = self.ledger.store.uses("c").await.unwrap();
            uses.into_iter().map(|key| (key.thumbprint, key.last_used)).collect()
        }

        fn at(&self, seconds: u64) {
            self.clock.set(seconds * 1000);
        }
    }

    #[tokio::test]
    async fn the_first_use_is_written_with_the_next_flush_and_later_ones_once_a_minute() {
        let bench = bench();
        bench.ledger.used("c", &key("k"));
        assert_eq!(bench.last_used().await, [], "nothing is written while a request waits");
        bench.ledger.flush(false).await.unwrap();
        let written = |seconds| [("k".to_owned(), Some(seconds))];
        assert_eq!(bench.last_used().await, written(1_000));
        for (now, expected) in [(1_030, 1_000), (1_059, 1_000), (1_060, 1_060), (1_100, 1_060)] {
            bench.at(now);
            bench.ledger.used("c", &key("k"));
            bench.ledger.flush(false).await.unwrap();
            assert_eq!(bench.last_used().await, written(expected), "{now}");
        }
        bench.ledger.flush(true).await.unwrap();
        assert_eq!(bench.last_used().await, written(1_100), "everything is written when the server stops");
    }

    #[tokio::test]
    async fn a_quiet_key_leaves_the_memory_and_keeps_its_first_sight() {
        let bench = bench();
        bench.ledger.used("c", &key("k"));
        bench.ledger.flush(false).await.unwrap();
        bench.at(2_000);
        bench.ledger.used("c", &key("other"));
        bench.ledger.flush(false).await.unwrap();
        assert_eq!(bench.ledger.notes.lock().unwrap().keys, 1);
        bench.ledger.used("c", &key("k"));
        bench.ledger.flush(true).await.unwrap();
        let uses = bench.ledger.store.uses("c").await.unwrap();
        let known = uses.iter().find(|key| key.thumbprint == "k").unwrap();
        assert_eq!((known.first_seen, known.last_used), (1_000, Some(2_000)));
    }

    #[test]
    fn the_number_of_notes_is_bounded() {
        let mut notes = Notes { keys: MAX_NOTES, ..Notes::default() };
        let note = Note { source: String::new(), first_seen: 0, last_used: None, written: None };
        notes.add("c", "k", note);
        assert!(notes.clients.is_empty());
    }
}
