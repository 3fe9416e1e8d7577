//! The keys that a client or an issuer publishes, as one set that can be fetched again.
//!
//! Its keys share a note of the last verification: a wrong signature may mean that a key was replaced.

use std::sync::Arc;

use crate::failure_note::FailureNote;
use crate::finding::Finding;
use crate::jwks;
use crate::key_purpose::KeyPurpose;
use crate::key_set::KeySet;

/// A published JWK set. One without a usable key is valid: its client has no key now.
#[derive(Debug, Clone)]
pub struct PublishedSet {
    keys: Arc<KeySet>,
    failures: FailureNote,
    findings: Arc<[Finding]>,
}

impl PublishedSet {
    /// Reads a set of at most `max_bytes`; `source` names it in findings, `now` is in seconds since the Unix epoch.
    ///
    /// # Errors
    /// Why the body is not a key set.
    pub fn read(body: &[u8], source: String, purpose: KeyPurpose, now: i64, max_bytes: usize) -> Result<Self, String> {
        let reading = jwks::read_set(body, source, purpose, now, max_bytes)?;
        let failures = FailureNote::default();
        let keys = reading.keys.into_iter().filter_map(Arc::into_inner);
        let keys = keys.map(|key| Arc::new(key.with_failures(failures.clone()))).collect();
        Ok(Self { keys: Arc::new(KeySet::of(keys)), failures, findings: reading.findings.into() })
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<KeySet> {
        &self.keys
    }

    /// What is wrong with it.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether the last signature that was checked against its keys was wrong.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failures.is_set()
    }

    /// Notes that its server still publishes it: the wrong signature was not made by a newer key.
    pub fn confirm(&self) {
        self.failures.record(true);
    }

    /// Roughly how many bytes of memory the set takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.keys.memory().saturating_add(self.findings.len().saturating_mul(512))
    }
}
