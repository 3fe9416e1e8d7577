//! Opaque access tokens, and access tokens of either kind that were revoked before they expired.
//!
//! A token is revoked by its id, or together with its family. Rows go when the token would have expired.

use std::fmt;

use super::families::FamilyId;
use super::opaque::{self, Kind};
use super::scope;
use super::store::Grants;
use dropins_database::{StoreError, Transaction, Value};
use dropins_protocol::AccessToken;

const INSERT: &str = "INSERT INTO DROPINS_ACCESS_TOKEN \
                      (TOKEN_HASH, TOKEN_ID, CLIENT_ID, SUBJECT, SCOPE, TIME_CREATED, EXPIRES_AT) \
                      VALUES (?, ?, ?, ?, ?, ?, ?)";

/// An opaque access token that is not stored yet.
pub struct NewAccessToken {
    text: String,
    token: AccessToken,
}

/// Without the text.
impl fmt::Debug for NewAccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccessToken").field("token", &self.token).finish_non_exhaustive()
    }
}

impl NewAccessToken {
    /// An opaque text for this token.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the system has no random numbers.
    pub fn make(token: AccessToken) -> Result<Self, StoreError> {
        Ok(Self { text: opaque::make(Kind::AccessToken)?, token })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Stores the token.
    pub(super) async fn insert(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        transaction.execute(INSERT, self.values()).await.map(|_| ())
    }

    /// The values of [`INSERT`].
    fn values(&self) -> Vec<Value> {
        vec![
            opaque::hash(&self.text).into(),
            self.token.id.as_str().into(),
            self.token.client_id.as_str().into(),
            self.token.subject.as_str().into(),
            self.token.scope.join(" ").into(),
            self.token.issued_at.into(),
            self.token.expires_at.into(),
        ]
    }
}

impl Grants {
    /// Stores an access token without a family.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn store_opaque(&self, token: &NewAccessToken) -> Result<(), StoreError> {
        self.database.execute(INSERT, token.values()).await.map(|_| ())
    }

    /// The access token with this opaque text, expired and revoked ones included.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or the row is damaged.
    pub async fn find_opaque(&self, text: &str) -> Result<Option<AccessToken>, StoreError> {
        if !Kind::AccessToken.matches(text) {
            return Ok(None);
        }
        let sql = "SELECT TOKEN_ID, CLIENT_ID, SUBJECT, SCOPE, TIME_CREATED, EXPIRES_AT \
                   FROM DROPINS_ACCESS_TOKEN WHERE TOKEN_HASH = ?";
        let rows = self.database.query(sql, vec![opaque::hash(text).into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(AccessToken {
            id: row.text("TOKEN_ID")?,
            client_id: row.text("CLIENT_ID")?,
            subject: row.text("SUBJECT")?,
            scope: scope::owned(&row.text("SCOPE")?),
            auth_time: None,
            issued_at: row.unsigned("TIME_CREATED")?,
            expires_at: row.unsigned("EXPIRES_AT")?,
        }))
    }

    /// Revokes an access token, and no other one of its family.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn revoke_access_token(&self, token: &AccessToken) -> Result<(), StoreError> {
        let sql = "INSERT INTO DROPINS_REVOKED_TOKEN (TOKEN_ID, EXPIRES_AT) VALUES (?, ?)";
        match self.database.execute(sql, vec![token.id.as_str().into(), token.expires_at.into()]).await {
            Ok(_) | Err(StoreError::Duplicate) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the access token may be used now: it is neither expired nor revoked. Whether its client and
    /// its user are still there is another question.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn is_active(&self, token: &AccessToken) -> Result<bool, StoreError> {
        if token.expires_at <= self.now() {
            return Ok(false);
        }
        let id = token.id.as_str();
        let Some(family) = FamilyId::of_token_id(id) else {
            // Nothing but the time tells a token of a client that was removed from one of the next client with its id.
            let over = "SELECT TOKEN_ID FROM DROPINS_REVOKED_TOKEN WHERE TOKEN_ID = ? UNION ALL \
                        SELECT CLIENT_ID FROM DROPINS_REMOVED_CLIENT WHERE CLIENT_ID = ? AND REMOVED_AT >= ?";
            let values = vec![id.into(), token.client_id.as_str().into(), token.issued_at.into()];
            return Ok(self.database.query(over, values).await?.is_empty());
        };
        let live = "SELECT FAMILY_ID FROM DROPINS_TOKEN_FAMILY WHERE FAMILY_ID = ? AND REVOKED_AT IS NULL \
                    AND NOT EXISTS (SELECT 1 FROM DROPINS_REVOKED_TOKEN WHERE TOKEN_ID = ?)";
        Ok(!self.database.query(live, vec![family.as_str().into(), id.into()]).await?.is_empty())
    }
}
