//! What the tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod databases;
pub(crate) mod recovery;
#[path = "../servers/mod.rs"]
pub(crate) mod servers;

use std::time::Duration;
#[cfg(feature = "sqlite")]
use std::{path::Path, sync::Arc};

#[cfg(feature = "sqlite")]
use dropins_replay::{JtiStore, Location, ReplaySettings};
#[cfg(feature = "sqlite")]
use dropins_services::FixedClock;
use dropins_services::Use;

/// A deadline that a busy machine does not miss.
pub(crate) const GENEROUS: Duration = Duration::from_secs(60);

/// The second at which most tests stand.
pub(crate) const NOW: u64 = 1_800_000_000;

/// A use by `client` now, to be remembered for a minute, without the cache.
pub(crate) fn used(client: &str, jti: impl ToString) -> Use {
    Use {
        client_id: client.into(),
        jti: jti.to_string(),
        issued_at: Some(NOW - 1),
        expires_at: NOW + 60,
        now: NOW * 1000,
        cached: false,
        attempt: None,
    }
}

/// Settings for a file in this folder.
#[cfg(feature = "sqlite")]
pub(crate) fn settings(folder: &Path) -> ReplaySettings {
    let location = Location::Database(dropins_database::Location::Sqlite(folder.join("identity.db")));
    ReplaySettings { timeout: GENEROUS, ..ReplaySettings::new(location) }
}

/// Opens the store in this folder.
#[cfg(feature = "sqlite")]
pub(crate) fn open(folder: &Path) -> Arc<JtiStore> {
    let clock = Arc::new(FixedClock::at(NOW * 1000));
    Arc::new(JtiStore::open(&settings(folder), clock).unwrap())
}
