//! What the tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{path::Path, sync::Arc, time::Duration};

use dropins_host::services::{FixedClock, Use};
use dropins_replay::{JtiStore, Location, ReplaySettings};

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
    }
}

/// Settings for a file in this folder. The deadline is generous: a busy machine must not fail a test.
pub(crate) fn settings(folder: &Path) -> ReplaySettings {
    let location = Location::Sqlite(folder.join("identity.db"));
    ReplaySettings { timeout: Duration::from_secs(60), ..ReplaySettings::new(location) }
}

/// Opens the store in this folder.
pub(crate) fn open(folder: &Path) -> Arc<JtiStore> {
    let clock = Arc::new(FixedClock::at(NOW * 1000));
    Arc::new(JtiStore::open(&settings(folder), clock).unwrap())
}
