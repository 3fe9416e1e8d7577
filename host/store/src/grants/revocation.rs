//! Revokes what a client or a user was granted, in the transaction that removes them.
//!
//! A client registered later under the same id inherits nothing. Codes are deleted before families are revoked: the
//! transaction waits for a code that is being redeemed, and then finds its family. An access token without a family has
//! no row; for it, the time of the removal is kept.

use dropins_database::{Database, StoreError, Transaction};

/// For how long a removal is remembered, in seconds: a year, which no access token lives.
const REMEMBERED: u64 = 365 * 24 * 3600;

/// Families that one statement revokes.
const BATCH: u64 = 1000;

/// Revokes what a client was granted; `now` in seconds since the Unix epoch.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub async fn revoke_for_client(transaction: &mut Transaction, client_id: &str, now: u64) -> Result<(), StoreError> {
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

/// Revokes what a user granted; `now` in seconds since the Unix epoch.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub async fn revoke_for_user(transaction: &mut Transaction, user_id: &str, now: u64) -> Result<(), StoreError> {
    let codes = "DELETE FROM DROPINS_AUTHORIZATION_CODE WHERE SUBJECT = ?";
    transaction.execute(codes, vec![user_id.into()]).await?;
    let families = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE SUBJECT = ? AND REVOKED_AT IS NULL";
    transaction.execute(families, vec![now.into(), user_id.into()]).await?;
    Ok(())
}

/// Revokes the families of a client in batches, before the transaction that removes it: a busy client has more of them
/// than one transaction can revoke within its time.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub async fn revoke_for_client_in_batches(database: &Database, client_id: &str, now: u64) -> Result<(), StoreError> {
    // The subquery has a subquery because MySQL knows no limit in the outer one.
    let some = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE FAMILY_ID IN (SELECT FAMILY_ID FROM \
                (SELECT FAMILY_ID FROM DROPINS_TOKEN_FAMILY WHERE CLIENT_ID = ? AND REVOKED_AT IS NULL LIMIT ?) F)";
    while database.execute(some, vec![now.into(), client_id.into(), BATCH.into()]).await? >= BATCH {}
    Ok(())
}

/// Revokes the families of a user in batches, before the transaction that revokes the rest.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub async fn revoke_for_user_in_batches(database: &Database, user_id: &str, now: u64) -> Result<(), StoreError> {
    let some = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE FAMILY_ID IN (SELECT FAMILY_ID FROM \
                (SELECT FAMILY_ID FROM DROPINS_TOKEN_FAMILY WHERE SUBJECT = ? AND REVOKED_AT IS NULL LIMIT ?) F)";
    while database.execute(some, vec![now.into(), user_id.into(), BATCH.into()]).await? >= BATCH {}
    Ok(())
}
