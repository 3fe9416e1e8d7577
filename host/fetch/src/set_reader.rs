//! From an answer, or from a file on disk, to the set that is used: read within the settings, stored, and logged.

use std::sync::Arc;

use dropins_services::UnixMillis;

use super::cached_set::CachedSet;
use super::client::Answer;
use super::disk::Disk;
use super::error::FetchError;
use super::jwks_url::JwksUrl;
use super::outcome::FetchOutcome;
use super::settings::FetchSettings;
use dropins_keys::Severity;

/// Logged findings of one set.
const MAX_REPORTED: usize = 8;

/// Reads and stores sets.
pub(crate) struct SetReader {
    settings: FetchSettings,
    disk: Option<Disk>,
}

impl SetReader {
    pub(crate) fn new(settings: FetchSettings, disk: Option<Disk>) -> Self {
        Self { settings, disk }
    }

    pub(crate) fn settings(&self) -> &FetchSettings {
        &self.settings
    }

    /// Turns an answer into the set to use from now on.
    pub(crate) fn read(
        &self,
        url: &JwksUrl,
        answer: Answer,
        before: Option<&CachedSet>,
        now: UnixMillis,
    ) -> Result<(Arc<CachedSet>, FetchOutcome), FetchError> {
        let (set, outcome) = match answer {
            Answer::Set(headers, body) => {
                let unchanged = before.is_some_and(|before| **before.body() == *body);
                let set = CachedSet::read(url, &headers, body, now, &self.settings).map_err(FetchError::BadKeySet)?;
                if !unchanged {
                    report(url, &set);
                }
                (set, FetchOutcome::Fetched)
            }
            Answer::NotModified(headers) => {
                let confirmed = before.and_then(|before| before.confirmed(url, &headers, now, &self.settings));
                (confirmed.ok_or(FetchError::BadStatus(304))?, FetchOutcome::NotModified)
            }
        };
        if let Some(Err(error)) = self.disk.as_ref().map(|disk| disk.store(url, &set)) {
            tracing::warn!(source = url.source(), %error, "a fetched JWK set cannot be stored for the next start");
        }
        Ok((Arc::new(set), outcome))
    }

    /// The set from disk.
    pub(crate) fn restored(&self, url: &JwksUrl, now: UnixMillis) -> Option<CachedSet> {
        let disk = self.disk.as_ref()?;
        disk.load(url, now, &self.settings).unwrap_or_else(|error| {
            let file = disk.path(url);
            tracing::warn!(source = url.source(), file = %file.display(), %error, "a stored JWK set is ignored");
            None
        })
    }
}

/// Logs a new set. The client controls the number of findings, so only the first ones are logged.
fn report(url: &JwksUrl, set: &CachedSet) {
    let (keys, findings) = (set.keys().keys().len(), set.findings().len());
    tracing::info!(source = url.source(), keys, findings, "a JWK set is new");
    for finding in set.findings().iter().take(MAX_REPORTED) {
        match finding.severity {
            Severity::Error => tracing::error!("{finding}"),
            Severity::Warning => tracing::warn!("{finding}"),
        }
    }
}
