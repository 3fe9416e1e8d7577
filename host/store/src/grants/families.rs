//! A family: everything that follows from one code, or from one token request of a client of its own.
//!
//! Revoking the family is one row: the `jti` of a signed access token begins with the family's id, and rows of other
//! tokens name it. A family is kept until the last of its tokens has expired; a missing family counts as revoked.

use std::time::Duration;

use super::store::Grants;
use super::{opaque, scope};
use dropins_database::{Row, StoreError, Transaction};

/// The id of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyId(String);

impl FamilyId {
    /// A new id.
    pub(super) fn new() -> Result<Self, StoreError> {
        opaque::random::<16>().map(Self)
    }

    /// An id as it was stored.
    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text to store.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// A `jti` of this family, or of none (RFC 9068 section 2.2).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the system has no random numbers.
    pub fn token_id(family: Option<&Self>) -> Result<String, StoreError> {
        let random = opaque::random::<16>()?;
        Ok(family.map_or_else(|| random.clone(), |family| format!("{}.{random}", family.0)))
    }

    /// The family that a `jti` belongs to.
    pub(super) fn of_token_id(jti: &str) -> Option<Self> {
        jti.split_once('.').map(|(family, _)| Self(family.to_owned()))
    }
}

/// What was granted once, for all tokens that follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its id.
    pub id: FamilyId,
    /// The client.
    pub client_id: String,
    /// The user; none when the client acts for itself.
    pub subject: Option<String>,
    /// What was granted.
    pub scope: Vec<String>,
    /// When the user logged in, seconds since the Unix epoch.
    pub auth_time: Option<u64>,
    /// When its refresh tokens end, however often they are rotated, seconds since the Unix epoch.
    pub expires_at: u64,
}

impl Family {
    /// Stores the family; `kept_until` is when its last token ends.
    pub(super) async fn insert(
        &self,
        transaction: &mut Transaction,
        now: u64,
        kept_until: u64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO DROPINS_TOKEN_FAMILY \
                   (FAMILY_ID, CLIENT_ID, SUBJECT, SCOPE, AUTH_TIME, TIME_CREATED, EXPIRES_AT, KEPT_UNTIL) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let values = vec![
            self.id.as_str().into(),
            self.client_id.as_str().into(),
            self.subject.as_deref().into(),
            self.scope.join(" ").into(),
            self.auth_time.into(),
            now.into(),
            self.expires_at.into(),
            kept_until.into(),
        ];
        transaction.execute(sql, values).await.map(|_| ())
    }

    /// Reads a row that has `FAMILY_ID, CLIENT_ID, SUBJECT, SCOPE, AUTH_TIME, EXPIRES_AT` of the family.
    pub(super) fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: FamilyId(row.text("FAMILY_ID")?),
            client_id: row.text("CLIENT_ID")?,
            subject: row.optional_text("SUBJECT")?,
            scope: scope::owned(&row.text("SCOPE")?),
            auth_time: row.optional_unsigned("AUTH_TIME")?,
            expires_at: row.unsigned("EXPIRES_AT")?,
        })
    }
}

impl Grants {
    /// A family of a client that acts for itself; it is not stored yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the system has no random numbers.
    pub fn family_of_client(
        &self,
        client_id: &str,
        scope: &[String],
        validity: Duration,
    ) -> Result<Family, StoreError> {
        Ok(Family {
            id: FamilyId::new()?,
            client_id: client_id.to_owned(),
            subject: None,
            scope: scope.to_vec(),
            auth_time: None,
            expires_at: self.now().saturating_add(validity.as_secs()),
        })
    }

    /// Revokes a family with all of its tokens.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn revoke_family(&self, family: &FamilyId) -> Result<(), StoreError> {
        let sql = "UPDATE DROPINS_TOKEN_FAMILY SET REVOKED_AT = ? WHERE FAMILY_ID = ? AND REVOKED_AT IS NULL";
        self.database.execute(sql, vec![self.now().into(), family.as_str().into()]).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_id_leads_to_its_family() {
        let family = FamilyId::new().unwrap();
        let jti = FamilyId::token_id(Some(&family)).unwrap();
        assert_eq!(FamilyId::of_token_id(&jti), Some(family));
        assert_eq!(FamilyId::of_token_id(&FamilyId::token_id(None).unwrap()), None);
    }
}
