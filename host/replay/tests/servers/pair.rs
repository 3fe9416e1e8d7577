//! A primary and its replica, which change places in the manner of an operator: nothing that was answered is lost.
//!
//! The former primary keeps its connections and answers reads only.

use super::{Server, mariadb, postgres, redis};

/// Two servers with the same data.
pub(crate) struct Pair {
    /// The primary, before they change places.
    pub(crate) primary: Server,
    /// The replica, before they change places.
    pub(crate) replica: Server,
}

impl Pair {
    /// PostgreSQL with a synchronous standby.
    pub(crate) fn postgres() -> Option<Self> {
        postgres::pair()
    }

    /// MariaDB with a replica.
    pub(crate) fn mariadb() -> Option<Self> {
        mariadb::pair()
    }

    /// Redis with a replica.
    pub(crate) fn redis() -> Option<Self> {
        redis::pair()
    }

    /// Makes the replica the primary, with all that the other one answered.
    pub(crate) fn switch(&self) {
        self.primary.kind.switch(self);
    }
}
