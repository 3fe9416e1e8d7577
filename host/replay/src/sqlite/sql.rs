//! The statements of the store, and what a failure of one means.

use dropins_services::Unavailable;

use crate::entry::down;

/// One row changed: the pair was free, and is now taken. None: it is taken by an earlier use.
pub(super) const REMEMBER: &str = "
    INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (CLIENT_ID, JWT_ID, TENANT_ID)
    DO UPDATE SET EXP_TIME = excluded.EXP_TIME, TIME_CREATED = excluded.TIME_CREATED WHERE EXP_TIME <= ?6";

pub(super) const EXPIRES_AT: &str =
    "SELECT EXP_TIME FROM IDN_OIDC_JTI WHERE CLIENT_ID = ?1 AND JWT_ID = ?2 AND TENANT_ID = ?3";

pub(super) const PURGE: &str = "
    DELETE FROM IDN_OIDC_JTI WHERE (CLIENT_ID, JWT_ID, TENANT_ID) IN
    (SELECT CLIENT_ID, JWT_ID, TENANT_ID FROM IDN_OIDC_JTI WHERE EXP_TIME <= ?1 ORDER BY EXP_TIME LIMIT ?2)";

/// A pair that no client can have, because a client id is never empty.
pub(super) const PROBE: &str = "
    INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, EXP_TIME, TIME_CREATED) VALUES ('', '', 0, 0);
    DELETE FROM IDN_OIDC_JTI WHERE CLIENT_ID = '' AND JWT_ID = '';";

pub(super) fn failed(error: rusqlite::Error) -> Unavailable {
    down(error)
}
