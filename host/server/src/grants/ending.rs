//! What ends with the client or the user that it was granted to.
//!
//! It ends in the transaction that takes them away, so that whoever is given the same id later inherits nothing. Codes go
//! before families: one that is being redeemed is waited for, and the family that follows from it is then there to be
//! revoked. An access token that stands alone has no row to revoke; see [`standing`](super::standing).

use crate::database::{StoreError, Transaction};

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
