//! [`Grants`]: the handle on the tables of this room. Each file beside it adds the functions of its table.

use std::sync::Arc;

use dropins_database::Database;
use dropins_services::Clock;

/// Authorization codes, refresh tokens, opaque access tokens, and what was revoked.
#[derive(Clone)]
pub struct Grants {
    pub(super) database: Database,
    clock: Arc<dyn Clock>,
}

impl Grants {
    /// Grants that are kept in this database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Seconds since the Unix epoch.
    pub(super) fn now(&self) -> u64 {
        self.clock.now_seconds()
    }
}
