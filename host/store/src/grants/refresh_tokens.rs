//! Refresh tokens: each is consumed once and replaced, and all of a family are revoked together (RFC 9700 section 4.14.2).
//!
//! A second use means that it or its successor was stolen: the family is revoked, and no retry is excused. A token is
//! bound to its client, whichever key authenticates it. A wrong client consumes nothing and revokes nothing.

use std::fmt;
use std::time::Duration;

use super::access_tokens::NewAccessToken;
use super::families::{Family, FamilyId};
use super::opaque::{self, Kind};
use super::store::Grants;
use dropins_database::{StoreError, Transaction, retry_on_conflict};

/// A refresh token that may be used now, once.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// What it refreshes.
    pub family: Family,
    /// When it was issued, seconds since the Unix epoch.
    pub issued_at: u64,
    hash: String,
}

/// Without the token.
impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, issued_at, .. } = self;
        let mut shown = f.debug_struct("RefreshToken");
        shown.field("family", family).field("issued_at", issued_at).finish_non_exhaustive()
    }
}

/// Why a refresh token is not used; for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// This server does not know it, or not any more.
    #[error("the refresh token is unknown")]
    Unknown,
    /// It belongs to another client.
    #[error("the refresh token belongs to the client `{owner}`")]
    OtherClient {
        /// Whose it is.
        owner: String,
    },
    /// Its family is revoked.
    #[error("the refresh token is revoked")]
    Revoked,
    /// Its family has ended.
    #[error("the refresh token expired at {at}")]
    Expired {
        /// Seconds since the Unix epoch.
        at: u64,
    },
    /// It was used before; its family is revoked now.
    #[error("the refresh token was used before: its family is revoked")]
    Reused,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A refresh token as it is in the database.
struct Found {
    token: RefreshToken,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    Used,
    Revoked,
    Expired,
}

/// What became of a rotation.
enum Rotation {
    Done,
    /// Another request consumed the token meanwhile.
    Used,
    /// The family was revoked meanwhile.
    Revoked,
}

/// A refresh token that is not stored yet.
pub(super) struct NewRefreshToken<'a> {
    token: String,
    family: &'a Family,
}

impl<'a> NewRefreshToken<'a> {
    /// A token of this family.
    pub(super) fn make(family: &'a Family) -> Result<Self, StoreError> {
        Ok(Self { token: opaque::make(Kind::RefreshToken)?, family })
    }

    /// Stores the token.
    pub(super) async fn insert(&self, transaction: &mut Transaction, now: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO DROPINS_REFRESH_TOKEN \
                   (TOKEN_HASH, FAMILY_ID, TIME_CREATED, EXPIRES_AT) VALUES (?, ?, ?, ?)";
        let values = vec![
            opaque::hash(&self.token).into(),
            self.family.id.as_str().into(),
            now.into(),
            self.family.expires_at.into(),
        ];
        transaction.execute(sql, values).await.map(|_| ())
    }

    /// The token itself, once it is stored.
    pub(super) fn show(self) -> String {
        self.token
    }
}

impl Grants {
    /// Starts a family with a refresh token, and with this access token, which is valid for so long.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn start_family(
        &self,
        family: &Family,
        validity: Duration,
        access_token: Option<&NewAccessToken>,
    ) -> Result<String, StoreError> {
        let now = self.now();
        let kept_until = family.expires_at.max(now.saturating_add(validity.as_secs()));
        let token = NewRefreshToken::make(family)?;
        let started = retry_on_conflict(|| async {
            let mut transaction = self.database.begin().await?;
            family.insert(&mut transaction, now, kept_until).await?;
            token.insert(&mut transaction, now).await?;
            if let Some(access_token) = access_token {
                access_token.insert(&mut transaction).await?;
            }
            transaction.commit().await
        });
        started.await.map(|()| token.show())
    }

    /// The refresh token of this client, if it may be used; if it was used before, its family is revoked.
    ///
    /// # Errors
    /// [`RefreshError`] says why not.
    pub async fn refresh_token(&self, token: &str, client_id: &str) -> Result<RefreshToken, RefreshError> {
        let found = self.find_refresh_token(token).await?.ok_or(RefreshError::Unknown)?;
        if found.token.family.client_id != client_id {
            return Err(RefreshError::OtherClient { owner: found.token.family.client_id });
        }
        match found.state {
            State::Revoked => Err(RefreshError::Revoked),
            State::Used => Err(self.reused_refresh_token(&found.token.family.id).await),
            State::Expired => Err(RefreshError::Expired { at: found.token.family.expires_at }),
            State::Active => Ok(found.token),
        }
    }

    /// The refresh token if it may be used, whosever it is; nothing is changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or the row is damaged.
    pub async fn active_refresh_token(&self, token: &str) -> Result<Option<RefreshToken>, StoreError> {
        let found = self.find_refresh_token(token).await?;
        Ok(found.filter(|found| found.state == State::Active).map(|found| found.token))
    }

    /// Revokes the family of a refresh token of this client, used or not; tells whether it is one of this server.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or written.
    pub async fn revoke_refresh_token(&self, token: &str, client_id: &str) -> Result<bool, StoreError> {
        let Some(Found { token, .. }) = self.find_refresh_token(token).await? else { return Ok(false) };
        if token.family.client_id == client_id {
            self.revoke_family(&token.family.id).await?;
        }
        Ok(true)
    }

    async fn find_refresh_token(&self, token: &str) -> Result<Option<Found>, StoreError> {
        if !Kind::RefreshToken.matches(token) {
            return Ok(None);
        }
        let hash = opaque::hash(token);
        let sql = "SELECT F.FAMILY_ID, F.CLIENT_ID, F.SUBJECT, F.SCOPE, F.AUTH_TIME, F.EXPIRES_AT, \
                   F.REVOKED_AT, T.USED_AT, T.TIME_CREATED \
                   FROM DROPINS_REFRESH_TOKEN T JOIN DROPINS_TOKEN_FAMILY F ON F.FAMILY_ID = T.FAMILY_ID \
                   WHERE T.TOKEN_HASH = ?";
        let rows = self.database.query(sql, vec![hash.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let family = Family::of(row)?;
        let (revoked, used) = (row.optional_unsigned("REVOKED_AT")?, row.optional_unsigned("USED_AT")?);
        let state = if revoked.is_some() {
            State::Revoked
        } else if used.is_some() {
            State::Used
        } else if family.expires_at <= self.now() {
            State::Expired
        } else {
            State::Active
        };
        let token = RefreshToken { family, issued_at: row.unsigned("TIME_CREATED")?, hash };
        Ok(Some(Found { token, state }))
    }

    /// Consumes the token and makes its successor; stores this access token, which is valid for so long.
    ///
    /// # Errors
    /// [`RefreshError::Reused`] when another request used it meanwhile: its family is revoked. [`RefreshError::Revoked`]
    /// when its family was revoked meanwhile.
    pub async fn rotate(
        &self,
        used: &RefreshToken,
        validity: Duration,
        access_token: Option<&NewAccessToken>,
    ) -> Result<String, RefreshError> {
        let (now, family) = (self.now(), &used.family);
        let kept_until = now.saturating_add(validity.as_secs());
        let successor = NewRefreshToken::make(family)?;
        let rotated = retry_on_conflict(|| async {
            let mut transaction = self.database.begin().await?;
            let sql = "UPDATE DROPINS_REFRESH_TOKEN SET USED_AT = ? WHERE TOKEN_HASH = ? AND USED_AT IS NULL";
            if transaction.execute(sql, vec![now.into(), used.hash.as_str().into()]).await? != 1 {
                return Ok(Rotation::Used);
            }
            // A concurrent revocation of the family waits for its row, or has already committed.
            let sql = "UPDATE DROPINS_TOKEN_FAMILY \
                       SET KEPT_UNTIL = CASE WHEN KEPT_UNTIL < ? THEN ? ELSE KEPT_UNTIL END \
                       WHERE FAMILY_ID = ? AND REVOKED_AT IS NULL";
            let values = vec![kept_until.into(), kept_until.into(), family.id.as_str().into()];
            if transaction.execute(sql, values).await? != 1 {
                return Ok(Rotation::Revoked);
            }
            successor.insert(&mut transaction, now).await?;
            if let Some(access_token) = access_token {
                access_token.insert(&mut transaction).await?;
            }
            transaction.commit().await.map(|()| Rotation::Done)
        });
        match rotated.await? {
            Rotation::Done => Ok(successor.show()),
            Rotation::Used => Err(self.reused_refresh_token(&family.id).await),
            Rotation::Revoked => Err(RefreshError::Revoked),
        }
    }

    async fn reused_refresh_token(&self, family: &FamilyId) -> RefreshError {
        match self.revoke_family(family).await {
            Ok(()) => RefreshError::Reused,
            Err(down) => down.into(),
        }
    }
}
