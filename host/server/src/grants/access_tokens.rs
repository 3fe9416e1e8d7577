//! Opaque access tokens, and access tokens of either kind that were revoked before they expired.
//!
//! A token is revoked by its id, or together with its family. Rows go when the token would have expired.

use super::families::FamilyId;
use super::opaque::{self, Kind};
use super::{Grants, scope};
use crate::database::StoreError;
use crate::tokens::AccessToken;

impl Grants {
    /// Keeps an access token and makes the opaque text for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn issue_opaque(&self, token: &AccessToken) -> Result<String, StoreError> {
        let text = opaque::make(Kind::AccessToken)?;
        let sql = "INSERT INTO DROPINS_ACCESS_TOKEN \
                   (TOKEN_HASH, TOKEN_ID, CLIENT_ID, SUBJECT, SCOPE, TIME_CREATED, EXPIRES_AT) \
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let values = vec![
            opaque::hash(&text).into(),
            token.id.as_str().into(),
            token.client_id.as_str().into(),
            token.subject.as_str().into(),
            token.scope.join(" ").into(),
            token.issued_at.into(),
            token.expires_at.into(),
        ];
        self.database.execute(sql, values).await?;
        Ok(text)
    }

    /// The access token with this opaque text, expired and revoked ones included.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or the row is damaged.
    pub async fn find_opaque(&self, text: &str) -> Result<Option<AccessToken>, StoreError> {
        if !Kind::AccessToken.made(text) {
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
            Ok(_) | Err(StoreError::Taken) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the access token may be used now: it is neither expired nor revoked.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn is_active(&self, token: &AccessToken) -> Result<bool, StoreError> {
        if token.expires_at <= self.now() {
            return Ok(false);
        }
        if let Some(family) = FamilyId::of_token_id(&token.id)
            && !self.is_live(&family).await?
        {
            return Ok(false);
        }
        let sql = "SELECT TOKEN_ID FROM DROPINS_REVOKED_TOKEN WHERE TOKEN_ID = ?";
        Ok(self.database.query(sql, vec![token.id.as_str().into()]).await?.is_empty())
    }
}
