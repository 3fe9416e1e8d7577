//! The table `DROPINS_FEDERATED_SUBJECT`: which client is known by a subject of a trusted issuer.
//!
//! A pair has one row, so two clients never share a subject, whichever node registers them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_database::{Database, StoreError, Transaction};
use dropins_protocol::{ClientRecord, FederatedSubject};

/// The key of a pair. The length of the issuer keeps two pairs from having one text.
fn key(pair: &FederatedSubject) -> String {
    let text = format!("{}:{}{}", pair.issuer.len(), pair.issuer, pair.subject);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The client that has the pair.
pub(super) async fn owner(database: &Database, pair: &FederatedSubject) -> Result<Option<String>, StoreError> {
    let sql = "SELECT CLIENT_ID FROM DROPINS_FEDERATED_SUBJECT WHERE PAIR = ?";
    let rows = database.query(sql, vec![key(pair).into()]).await?;
    rows.first().map(|row| row.text("CLIENT_ID")).transpose()
}

/// Replaces the pairs of a client; returns one that another client has. The transaction must then not be committed.
pub(super) async fn replace(
    transaction: &mut Transaction,
    client: &ClientRecord,
) -> Result<Option<FederatedSubject>, StoreError> {
    remove(transaction, &client.client_id).await?;
    let mut written: Vec<&FederatedSubject> = Vec::new();
    for pair in &client.federated {
        if written.contains(&pair) {
            continue;
        }
        let sql = "INSERT INTO DROPINS_FEDERATED_SUBJECT (PAIR, CLIENT_ID) VALUES (?, ?)";
        match transaction.execute(sql, vec![key(pair).into(), client.client_id.as_str().into()]).await {
            Err(StoreError::Duplicate) => return Ok(Some(pair.clone())),
            other => other?,
        };
        written.push(pair);
    }
    Ok(None)
}

/// Deletes the pairs of a client.
pub(super) async fn remove(transaction: &mut Transaction, client_id: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM DROPINS_FEDERATED_SUBJECT WHERE CLIENT_ID = ?";
    transaction.execute(sql, vec![client_id.into()]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pairs_have_one_key() {
        let key = |issuer: &str, subject: &str| {
            key(&FederatedSubject { issuer: issuer.to_owned(), subject: subject.to_owned() })
        };
        let keys = [key("a", "bc"), key("ab", "c"), key("", "abc"), key("a", "b:c"), key("a:", "bc"), key("1:a", "bc")];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
