//! Who is signed in at which browser.
//!
//! A browser has a random id of 256 bits, the database its hash. The id changes whenever somebody signs in, so that an
//! id which somebody else knew before is worth nothing. A session ends when it is not used, and at last in any case.

mod browser;
mod schema;
#[cfg(test)]
mod tests;
mod tickets;

use std::sync::Arc;

use dropins_host::services::Clock;

pub use browser::Browser;
pub(crate) use schema::MIGRATION;
pub use tickets::{Ticket, Tickets};

use crate::database::{Database, StoreError, retry_on_conflict};
use crate::users::User;

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

    /// Begins a session in place of what the browser had; the browser is another one from here on. None when the user is
    /// not any more what it was when the password was checked: the password may be another one.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn begin(&self, before: Option<&Browser>, user: &User) -> Result<Option<Browser>, StoreError> {
        let browser = Browser::new().map_err(StoreError::unavailable)?;
        let now = self.clock.now_seconds();
        if let Some(before) = before {
            self.end(before).await?;
        }
        let begun = retry_on_conflict(|| async {
            let mut transaction = self.database.begin().await?;
            // Whoever changes the user waits for its row, and then finds the session; or was here before.
            let sql = "UPDATE DROPINS_USER SET ENABLED = 1 WHERE USER_ID = ? AND TIME_UPDATED = ? AND ENABLED = 1";
            if transaction.execute(sql, vec![(&user.id).into(), user.updated_at.into()]).await? != 1 {
                return Ok(false);
            }
            let sql = "INSERT INTO DROPINS_SESSION (SESSION_HASH, USER_ID, AUTH_TIME, EXPIRES_AT) VALUES (?, ?, ?, ?)";
            let expires_at = now.saturating_add(IDLE);
            let values = vec![browser.hash().as_str().into(), (&user.id).into(), now.into(), expires_at.into()];
            transaction.execute(sql, values).await?;
            transaction.commit().await.map(|()| true)
        });
        Ok(begun.await?.then_some(browser))
    }

    /// The session of this browser, which is used by that; none when it has ended or the user may not sign in.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub async fn of(&self, browser: &Browser) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT U.USER_ID, U.USERNAME, U.ENABLED, U.TIME_CREATED, U.TIME_UPDATED, S.AUTH_TIME, S.EXPIRES_AT
                   FROM DROPINS_SESSION S JOIN DROPINS_USER U ON U.USER_ID = S.USER_ID WHERE S.SESSION_HASH = ?";
        let hash = browser.hash();
        let rows = self.database.query(sql, vec![hash.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let session = Session { user: User::read(row)?, auth_time: row.unsigned("AUTH_TIME")? };
        let (now, expires_at) = (self.clock.now_seconds(), row.unsigned("EXPIRES_AT")?);
        if expires_at <= now || !session.user.enabled {
            return Ok(None);
        }
        let prolonged = now.saturating_add(IDLE).min(session.auth_time.saturating_add(LONGEST));
        if prolonged >= expires_at.saturating_add(WORTH_WRITING) {
            let sql = "UPDATE DROPINS_SESSION SET EXPIRES_AT = ? WHERE SESSION_HASH = ?";
            self.database.execute(sql, vec![prolonged.into(), hash.as_str().into()]).await?;
        }
        Ok(Some(session))
    }

    /// Ends the session of this browser, if any.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn end(&self, browser: &Browser) -> Result<(), StoreError> {
        let sql = "DELETE FROM DROPINS_SESSION WHERE SESSION_HASH = ?";
        self.database.execute(sql, vec![browser.hash().as_str().into()]).await.map(drop)
    }
}
