//! The table `DROPINS_KEY_USE`.
//!
//! A client that publishes a new key every day would fill it for ever, so only its latest keys are kept.

use rusqlite::{Connection, Row};

use crate::identity::key_use::KeyUse;
use crate::identity::store::StoreError;

/// Keys of one client that the ledger remembers; a JWK set has at most 64.
const MAX_KEYS: u32 = 128;

const RECORD: &str = "
    INSERT INTO DROPINS_KEY_USE (CLIENT_ID, THUMBPRINT, SOURCE, FIRST_SEEN, LAST_USED) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (CLIENT_ID, THUMBPRINT) DO UPDATE SET
        SOURCE = excluded.SOURCE,
        LAST_USED = max(coalesce(LAST_USED, excluded.LAST_USED), coalesce(excluded.LAST_USED, LAST_USED))";

const BOUND: &str = "
    DELETE FROM DROPINS_KEY_USE WHERE CLIENT_ID = ?1 AND THUMBPRINT IN
    (SELECT THUMBPRINT FROM DROPINS_KEY_USE WHERE CLIENT_ID = ?1
     ORDER BY coalesce(LAST_USED, FIRST_SEEN) DESC LIMIT -1 OFFSET ?2)";

const OF: &str = "
    SELECT * FROM DROPINS_KEY_USE WHERE CLIENT_ID = ?1
    ORDER BY LAST_USED DESC NULLS LAST, FIRST_SEEN DESC, THUMBPRINT";

pub(super) fn record(connection: &Connection, uses: &[KeyUse]) -> Result<(), StoreError> {
    let mut record = connection.prepare_cached(RECORD)?;
    let mut bound = connection.prepare_cached(BOUND)?;
    for KeyUse { client_id, thumbprint, source, first_seen, last_used } in uses {
        record.execute((client_id, thumbprint, source, first_seen, last_used))?;
        bound.execute((client_id, MAX_KEYS))?;
    }
    Ok(())
}

pub(super) fn of(connection: &Connection, client_id: &str) -> Result<Vec<KeyUse>, StoreError> {
    let mut statement = connection.prepare_cached(OF)?;
    let uses = statement.query_map([client_id], read)?.collect::<Result<_, _>>()?;
    Ok(uses)
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeyUse> {
    Ok(KeyUse {
        client_id: row.get("CLIENT_ID")?,
        thumbprint: row.get("THUMBPRINT")?,
        source: row.get("SOURCE")?,
        first_seen: row.get("FIRST_SEEN")?,
        last_used: row.get("LAST_USED")?,
    })
}
