//! Reads the files of a home, and tells by their stamps whether that is worth it.
//!
//! Files whose stamps are unchanged are not read again, except once in [`REREAD`], for file systems whose stamps do not
//! follow their contents.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dropins_config::{Environment, Home};
use dropins_host::{Digest, background};
use tokio::time::Instant;

use super::refusal::CandidateRefusal;
use super::settle::{self, Stamp};
use dropins_live::Snapshot;

/// After this time files are read although their stamps are unchanged.
const REREAD: Duration = Duration::from_secs(60);

/// How often a snapshot is read again when files changed meanwhile.
const READINGS: usize = 4;

/// What was read, with the digest that tells it from others. Without a readable configuration the mistake is all that
/// there is.
pub(super) type Reading = (Digest, Result<Snapshot, CandidateRefusal>);

/// Reads the files of a home.
pub(super) struct Reader {
    home: Home,
    environment: Environment,
    /// Files that the configuration named last.
    named: Mutex<Vec<PathBuf>>,
    last: Mutex<Option<Last>>,
    #[cfg(test)]
    pub(super) readings: std::sync::atomic::AtomicUsize,
}

/// The last reading.
struct Last {
    at: Instant,
    contents: Digest,
    stamps: BTreeMap<PathBuf, Stamp>,
}

impl Reader {
    /// A reader that has read nothing yet; `named` are the files that the live configuration names.
    pub(super) fn new(home: Home, environment: Environment, named: Vec<PathBuf>) -> Self {
        Self {
            home,
            environment,
            named: Mutex::new(named),
            last: Mutex::default(),
            #[cfg(test)]
            readings: std::sync::atomic::AtomicUsize::default(),
        }
    }

    /// The folders whose changes matter.
    pub(super) fn folders(&self) -> [PathBuf; 2] {
        [self.home.dropins(), self.home.conf()]
    }

    /// Waits until the files stand still.
    pub(super) async fn settle(&self) {
        settle::still(&self.paths()).await;
    }

    /// The digest of the last reading, if no file has changed since as far as stamps tell.
    pub(super) async fn unchanged(&self) -> Option<Digest> {
        let stamps = settle::stamps(&self.paths()).await;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|last| last.stamps == stamps && last.at.elapsed() < REREAD).map(|last| last.contents)
    }

    /// Reads all files; those that changed while they were read are read again.
    pub(super) async fn read(&self) -> Reading {
        let mut stamps = settle::stamps(&self.paths()).await;
        let mut read = self.once().await;
        for _ in 1..READINGS {
            let now = settle::stamps(&self.paths()).await;
            if now == stamps {
                break;
            }
            self.settle().await;
            stamps = settle::stamps(&self.paths()).await;
            read = self.once().await;
        }
        let contents = match &read {
            Ok(snapshot) => snapshot.fingerprint(),
            Err(refusal) => Digest::of(refusal.reason.as_bytes()),
        };
        let last = Last { at: Instant::now(), contents, stamps };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        (contents, read)
    }

    async fn once(&self) -> Result<Snapshot, CandidateRefusal> {
        #[cfg(test)]
        self.readings.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (home, environment) = (self.home.clone(), self.environment.clone());
        let snapshot = background(move || Snapshot::read(&home, &environment)).await??;
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = snapshot.files(&self.home);
        Ok(snapshot)
    }

    /// Whatever has a stamp that matters.
    fn paths(&self) -> Vec<PathBuf> {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        self.folders().into_iter().chain(named.iter().cloned()).collect()
    }
}
