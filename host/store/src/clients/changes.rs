//! The log of changes: which clients other processes must read anew.

use dropins_database::{Database, StoreError, Transaction};

/// Changes that the log remembers.
const REMEMBERED: u64 = 10_000;

/// Which clients changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// These; a client that changed twice may be in it twice.
    Clients(Vec<String>),
    /// More than the log remembers.
    TooMany,
}

/// Notes that the transaction changes this client. Other changes wait for its end.
pub(super) async fn note(transaction: &mut Transaction, client_id: &str) -> Result<(), StoreError> {
    transaction.execute("UPDATE DROPINS_CLIENT_VERSION SET LATEST = LATEST + 1", vec![]).await?;
    let note = "INSERT INTO DROPINS_CLIENT_CHANGE (VERSION, CLIENT_ID) SELECT LATEST, ? FROM DROPINS_CLIENT_VERSION";
    transaction.execute(note, vec![client_id.into()]).await?;
    let bound = "DELETE FROM DROPINS_CLIENT_CHANGE WHERE VERSION <= (SELECT LATEST FROM DROPINS_CLIENT_VERSION) - ?";
    transaction.execute(bound, vec![REMEMBERED.into()]).await?;
    Ok(())
}

/// The number of the latest change.
pub(super) async fn latest(database: &Database) -> Result<u64, StoreError> {
    let rows = database.query("SELECT LATEST FROM DROPINS_CLIENT_VERSION", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.unsigned("LATEST"))
}

/// The clients of the changes after this number. A number without an entry is a change of any client.
pub(super) async fn after(database: &Database, since: u64) -> Result<Changes, StoreError> {
    let latest = latest(database).await?;
    let later = "SELECT CLIENT_ID FROM DROPINS_CLIENT_CHANGE WHERE VERSION > ?";
    let clients = database.query(later, vec![since.into()]).await?;
    if u64::try_from(clients.len()).unwrap_or(u64::MAX) < latest.saturating_sub(since) {
        return Ok(Changes::TooMany);
    }
    clients.iter().map(|row| row.text("CLIENT_ID")).collect::<Result<_, _>>().map(Changes::Clients)
}
