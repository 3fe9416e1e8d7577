//! The table `DROPINS_KEY_USE`.
//!
//! A client that publishes a new key every day would fill it forever, so only its latest keys are kept.

use super::key_use::KeyUse;
use dropins_database::{Database, Row, StoreError, Transaction, Value};

/// Keys of one client that the ledger remembers; a JWK set has at most 64.
const MAX_KEYS: usize = 128;

const SIGHTED: &str = "UPDATE DROPINS_KEY_USE SET SOURCE = ? WHERE CLIENT_ID = ? AND THUMBPRINT = ?";
const USED: &str = "
    UPDATE DROPINS_KEY_USE SET LAST_USED = ?
    WHERE CLIENT_ID = ? AND THUMBPRINT = ? AND (LAST_USED IS NULL OR LAST_USED < ?)";
const NEW: &str = "
    INSERT INTO DROPINS_KEY_USE (CLIENT_ID, THUMBPRINT, SOURCE, FIRST_SEEN, LAST_USED) VALUES (?, ?, ?, ?, ?)";
const LATEST: &str = "
    SELECT THUMBPRINT FROM DROPINS_KEY_USE WHERE CLIENT_ID = ? ORDER BY coalesce(LAST_USED, FIRST_SEEN) DESC";
const OF: &str = "
    SELECT * FROM DROPINS_KEY_USE WHERE CLIENT_ID = ?
    ORDER BY coalesce(LAST_USED, -1) DESC, FIRST_SEEN DESC, THUMBPRINT";

/// Writes the uses down in one transaction, in the order of their keys: two nodes lock common rows in the same order.
pub(super) async fn record(database: &Database, uses: &[KeyUse]) -> Result<(), StoreError> {
    let mut uses: Vec<&KeyUse> = uses.iter().collect();
    uses.sort_by(|one, other| (&one.client_id, &one.thumbprint).cmp(&(&other.client_id, &other.thumbprint)));
    let mut transaction = database.begin().await?;
    for KeyUse { client_id, thumbprint, source, first_seen, last_used } in uses {
        let key = || [Value::from(client_id), thumbprint.into()];
        let sighted = [source.into()].into_iter().chain(key()).collect();
        if transaction.execute(SIGHTED, sighted).await? == 0 {
            let new = key().into_iter().chain([source.into(), (*first_seen).into(), (*last_used).into()]).collect();
            transaction.execute(NEW, new).await?;
            bound(&mut transaction, client_id).await?;
        } else if let Some(time) = *last_used {
            let used = [time.into()].into_iter().chain(key()).chain([time.into()]).collect();
            transaction.execute(USED, used).await?;
        }
    }
    transaction.commit().await
}

/// Forgets the keys that a client has not used for the longest time.
async fn bound(transaction: &mut Transaction, client_id: &str) -> Result<(), StoreError> {
    for row in transaction.query(LATEST, vec![client_id.into()]).await?.iter().skip(MAX_KEYS) {
        let forget = "DELETE FROM DROPINS_KEY_USE WHERE CLIENT_ID = ? AND THUMBPRINT = ?";
        transaction.execute(forget, vec![client_id.into(), row.text("THUMBPRINT")?.into()]).await?;
    }
    Ok(())
}

pub(super) async fn of(database: &Database, client_id: &str) -> Result<Vec<KeyUse>, StoreError> {
    database.query(OF, vec![client_id.into()]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<KeyUse, StoreError> {
    Ok(KeyUse {
        client_id: row.text("CLIENT_ID")?,
        thumbprint: row.text("THUMBPRINT")?,
        source: row.text("SOURCE")?,
        first_seen: row.unsigned("FIRST_SEEN")?,
        last_used: row.optional_unsigned("LAST_USED")?,
    })
}
