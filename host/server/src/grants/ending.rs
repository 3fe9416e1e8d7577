//! What ends with the client or the user that it was granted to.
//!
//! It ends in the transaction that takes them away, so that whoever is given the same id later inherits nothing. Codes go
//! before families: one that is being redeemed is waited for, and the family that follows from it is then there to be
//! revoked. An access token that stands alone has no row; for it, the time of the removal is kept.

use crate::database::{Database, StoreError, Transaction};

/// For how long a removal is remembered, in seconds: a year, which no access token lives.
const REMEMBERED: u64 = 365 * 24 * 3600;

/// Families that one statement revokes.
const BATCH: u64 = 1000;

/// Ends what was granted to a client; `now` in seconds since the Unix epoch.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub(crate) async fn of_client(transaction: &mut Transaction, client_id: &str, now: u64) -> Result<(), StoreError> {
    let codes = "DELETE FROM DROPINS_AUTHORIZATION_CODE WHERE CLIENT_ID = ?";
    transaction.execute(codes, vec![client_id.into()]).await?;
    let pushed = "DELETE FROM DROPINS_PUSHED_REQUEST WHERE CLIENT_ID = ?";
    transaction.execute(pushed, vec![client_id.into()]).await?;
    let families = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE CLIENT_ID = ? AND REVOKED_AT IS NULL";
    transaction.execute(families, vec![now.into(), client_id.into()]).await?;
    let before = "DELETE FROM DROPINS_REMOVED_CLIENT WHERE CLIENT_ID = ?";
    transaction.execute(before, vec![client_id.into()]).await?;
    let removed = "INSERT INTO DROPINS_REMOVED_CLIENT (CLIENT_ID, REMOVED_AT, KEPT_UNTIL) VALUES (?, ?, ?)";
    let kept_until = now.saturating_add(REMEMBERED);
    transaction.execute(removed, vec![client_id.into(), now.into(), kept_until.into()]).await?;
    Ok(())
}

/// Ends what a user granted; `now` in seconds since the Unix epoch.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub(crate) async fn of_user(transaction: &mut Transaction, user_id: &str, now: u64) -> Result<(), StoreError> {
    let codes = "DELETE FROM DROPINS_AUTHORIZATION_CODE WHERE SUBJECT = ?";
    transaction.execute(codes, vec![user_id.into()]).await?;
    let families = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE SUBJECT = ? AND REVOKED_AT IS NULL";
    transaction.execute(families, vec![now.into(), user_id.into()]).await?;
    Ok(())
}

/// Revokes the families of a client that is about to be removed, some at a time, so that a busy client leaves to the
/// transaction of its removal no more than can be done within its time.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub(crate) async fn prepare_client(database: &Database, client_id: &str, now: u64) -> Result<(), StoreError> {
    // The subquery has a subquery because MySQL knows no limit in the outer one.
    let some = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE FAMILY_ID IN (SELECT FAMILY_ID FROM \
                (SELECT FAMILY_ID FROM DROPINS_TOKEN_FAMILY WHERE CLIENT_ID = ? AND REVOKED_AT IS NULL LIMIT 1000) F)";
    while database.execute(some, vec![now.into(), client_id.into()]).await? >= BATCH {}
    Ok(())
}

/// The same for a user whose grants are about to end.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub(crate) async fn prepare_user(database: &Database, user_id: &str, now: u64) -> Result<(), StoreError> {
    let some = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE FAMILY_ID IN (SELECT FAMILY_ID FROM \
                (SELECT FAMILY_ID FROM DROPINS_TOKEN_FAMILY WHERE SUBJECT = ? AND REVOKED_AT IS NULL LIMIT 1000) F)";
    while database.execute(some, vec![now.into(), user_id.into()]).await? >= BATCH {}
    Ok(())
}
