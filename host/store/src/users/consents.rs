//! What users allowed which client, so that they are asked once.

use std::collections::BTreeSet;

use super::store::Users;
use dropins_database::{StoreError, Value};

impl Users {
    /// Whether the user allowed the client all of these scopes before.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn has_allowed(&self, user_id: &str, client_id: &str, scopes: &[String]) -> Result<bool, StoreError> {
        let allowed = self.allowed(user_id, client_id).await?;
        Ok(allowed.is_some_and(|allowed| scopes.iter().all(|scope| allowed.contains(scope))))
    }

    /// Remembers that the user allows the client these scopes, beside those allowed before.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn allow(&self, user_id: &str, client_id: &str, scopes: &[String]) -> Result<(), StoreError> {
        let mut allowed = self.allowed(user_id, client_id).await?.unwrap_or_default();
        allowed.extend(scopes.iter().cloned());
        let scopes = allowed.into_iter().collect::<Vec<_>>().join(" ");
        let values: Vec<Value> = vec![scopes.into(), self.now().into(), user_id.into(), client_id.into()];
        let update = "UPDATE DROPINS_CONSENT SET SCOPES = ?, TIME_GRANTED = ? WHERE USER_ID = ? AND CLIENT_ID = ?";
        if self.database.execute(update, values.clone()).await? > 0 {
            return Ok(());
        }
        let insert = "INSERT INTO DROPINS_CONSENT (SCOPES, TIME_GRANTED, USER_ID, CLIENT_ID) VALUES (?, ?, ?, ?)";
        match self.database.execute(insert, values).await {
            // The same person in another window: what is remembered there is asked for again here, at worst.
            Ok(_) | Err(StoreError::Duplicate) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The scopes that the user allowed. Returns `None` if the user was never asked.
    async fn allowed(&self, user_id: &str, client_id: &str) -> Result<Option<BTreeSet<String>>, StoreError> {
        let sql = "SELECT SCOPES FROM DROPINS_CONSENT WHERE USER_ID = ? AND CLIENT_ID = ?";
        let rows = self.database.query(sql, vec![user_id.into(), client_id.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(row.text("SCOPES")?.split_whitespace().map(str::to_owned).collect()))
    }
}
