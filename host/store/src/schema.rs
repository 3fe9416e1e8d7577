//! The tables of the identity database: each room's migration in its order, and the tables whose rows expire.

use std::time::Duration;

use dropins_database::{Expiring, Schema};

use crate::{clients, grants, sessions, users};

/// The tables of the identity database. A room that keeps state appends its migration.
pub static SCHEMA: Schema = Schema {
    component: "identity",
    migrations: &[clients::MIGRATION, grants::MIGRATION, users::MIGRATION, sessions::MIGRATION],
    expiring: &[
        expiring("DROPINS_SESSION", "EXPIRES_AT"),
        expiring("DROPINS_AUTHORIZATION_CODE", "KEPT_UNTIL"),
        expiring("DROPINS_REFRESH_TOKEN", "EXPIRES_AT"),
        expiring("DROPINS_ACCESS_TOKEN", "EXPIRES_AT"),
        expiring("DROPINS_REVOKED_TOKEN", "EXPIRES_AT"),
        expiring("DROPINS_TOKEN_FAMILY", "KEPT_UNTIL"),
        // Purged at once, because clients without a credential can fill it; an early purge only rejects the request.
        Expiring { table: "DROPINS_PUSHED_REQUEST", time: "EXPIRES_AT", margin: Duration::ZERO },
        expiring("DROPINS_REMOVED_CLIENT", "KEPT_UNTIL"),
    ],
};

const fn expiring(table: &'static str, time: &'static str) -> Expiring {
    Expiring { table, time, margin: Expiring::MARGIN }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dropins_database::Purger;
    use dropins_services::FixedClock;

    use crate::testing::on_every_engine;

    #[tokio::test]
    async fn every_table_whose_rows_expire_is_purged() {
        on_every_engine(async |fresh| {
            let purger = Purger::new(fresh.open().await, Arc::new(FixedClock::at(1_800_000_000_000)));
            purger.purge().await.unwrap();
            assert_eq!(purger.purged(), 0);
        })
        .await;
    }
}
