//! Which user is signed in at which browser.
//!
//! A browser has a random id of 256 bits, the database its hash. The id changes at each sign-in, so that an id that an
//! attacker planted before is useless. A session expires after 30 minutes without use and after 12 hours at the latest.

mod schema;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use dropins_services::Clock;

pub use schema::MIGRATION;

use crate::users::User;
use dropins_database::{Database, StoreError, Transaction, retry_on_conflict};
use dropins_protocol::TokenHash;

/// How long a session lasts without being used, in seconds.
const IDLE: u64 = 30 * 60;
/// How long a session lasts, in seconds.
const LONGEST: u64 = 12 * 60 * 60;
/// A use that prolongs a session by less than this, in seconds, is not written down.
const WORTH_WRITING: u64 = 60;

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: User,
    /// When the person gave the password, seconds since the Unix epoch.
    pub auth_time: u64,
}

/// The sessions of the identity database.
#[derive(Clone)]
pub struct Sessions {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    /// The sessions of this database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Begins a session of this new browser and ends that of the person's browser `before`. Returns false if the
    /// user was changed or disabled since the password was checked: the password may be another one.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn begin(
        &self,
        before: Option<&TokenHash>,
        browser: &TokenHash,
        user: &User,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now_seconds();
        if let Some(before) = before {
            self.end(before).await?;
        }
        let begun = retry_on_conflict(|| async {
            let mut transaction = self.database.begin().await?;
            if !lock_user_row(&mut transaction, user).await? {
                return Ok(false);
            }
            let sql = "INSERT INTO DROPINS_SESSION (SESSION_HASH, USER_ID, AUTH_TIME, EXPIRES_AT) VALUES (?, ?, ?, ?)";
            let expires_at = now.saturating_add(IDLE);
            let values = vec![browser.as_str().into(), (&user.id).into(), now.into(), expires_at.into()];
            transaction.execute(sql, values).await?;
            transaction.commit().await.map(|()| true)
        });
        begun.await
    }

    /// The session of this browser, which counts as a use. Returns `None` if it expired or the user is disabled.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn of(&self, browser: &TokenHash) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT U.USER_ID, U.USERNAME, U.ENABLED, U.TIME_CREATED, U.TIME_UPDATED, S.AUTH_TIME, S.EXPIRES_AT
                   FROM DROPINS_SESSION S JOIN DROPINS_USER U ON U.USER_ID = S.USER_ID WHERE S.SESSION_HASH = ?";
        let rows = self.database.query(sql, vec![browser.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let session = Session { user: User::read(row)?, auth_time: row.unsigned("AUTH_TIME")? };
        let (now, expires_at) = (self.clock.now_seconds(), row.unsigned("EXPIRES_AT")?);
        if expires_at <= now || !session.user.enabled {
            return Ok(None);
        }
        let prolonged = now.saturating_add(IDLE).min(session.auth_time.saturating_add(LONGEST));
        if prolonged >= expires_at.saturating_add(WORTH_WRITING) {
            let sql = "UPDATE DROPINS_SESSION SET EXPIRES_AT = ? WHERE SESSION_HASH = ?";
            self.database.execute(sql, vec![prolonged.into(), browser.as_str().into()]).await?;
        }
        Ok(Some(session))
    }

    /// Ends the session of this browser, if any.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn end(&self, browser: &TokenHash) -> Result<(), StoreError> {
        let sql = "DELETE FROM DROPINS_SESSION WHERE SESSION_HASH = ?";
        self.database.execute(sql, vec![browser.as_str().into()]).await.map(drop)
    }
}

/// Locks the user's row. A concurrent change of the user either waits and then sees this session, or has already
/// committed, and the update matches no row.
async fn lock_user_row(transaction: &mut Transaction, user: &User) -> Result<bool, StoreError> {
    let sql = "UPDATE DROPINS_USER SET ENABLED = 1 WHERE USER_ID = ? AND TIME_UPDATED = ? AND ENABLED = 1";
    Ok(transaction.execute(sql, vec![(&user.id).into(), user.updated_at.into()]).await? == 1)
}
