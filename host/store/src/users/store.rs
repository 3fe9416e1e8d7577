//! The users of the identity database.

use std::sync::Arc;

use dropins_services::{Clock, Unavailable, UnixMillis};

use super::password::{self, PasswordFault};
use super::record::{NameFault, User};
use super::slow_down::SlowDown;
use crate::grants::revocation;
use dropins_database::{Database, Row, StoreError, Value, retry_on_conflict};
use dropins_protocol::Secret;
use dropins_protocol::secret_hash::{self, SecretHash};
use dropins_protocol::{NoRandomness, random};

/// What a change of a user ends: each of these and all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Sessions: the user must sign in anew.
    Sessions,
    /// What clients were granted.
    Grants,
    /// Consents: clients must ask again.
    Consents,
}

/// Letters and digits of a user id: 130 bits.
const ID_LENGTH: usize = 22;

/// The users of the identity database. A clone shares the database and the memory of failed attempts.
#[derive(Clone)]
pub struct Users {
    pub(super) database: Database,
    clock: Arc<dyn Clock>,
    slow_down: Arc<SlowDown>,
}

/// Why a user is not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The name cannot be one.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// Another user has the name.
    #[error("there is a user `{name}` already; `dropins user passwd {name}` sets another password")]
    Exists {
        /// The name.
        name: String,
    },
    /// There is no such user.
    #[error("there is no user `{name}`; `dropins user list` shows all of them")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The password cannot be hashed.
    #[error(transparent)]
    Hash(#[from] Unavailable),
    /// There is no id for the user.
    #[error(transparent)]
    Id(#[from] NoRandomness),
    /// The database does not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const FIND: &str = "
    SELECT USER_ID, USERNAME, ENABLED, TIME_CREATED, TIME_UPDATED, PASSWORD_HASH FROM DROPINS_USER WHERE USER_ID = ?";
const NAMED: &str = "
    SELECT USER_ID, USERNAME, ENABLED, TIME_CREATED, TIME_UPDATED, PASSWORD_HASH FROM DROPINS_USER WHERE USERNAME = ?";
const LIST: &str = "
    SELECT USER_ID, USERNAME, ENABLED, TIME_CREATED, TIME_UPDATED, PASSWORD_HASH FROM DROPINS_USER ORDER BY USERNAME";

fn with_hash(row: &Row) -> Result<(User, SecretHash), StoreError> {
    let hash = SecretHash::parse(&row.text("PASSWORD_HASH")?);
    let hash = hash.map_err(|error| StoreError::corrupt(format_args!("PASSWORD_HASH of a user: {error}")))?;
    Ok((User::read(row)?, hash))
}

impl Users {
    /// The users of this database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, slow_down: Arc::new(SlowDown::new()) }
    }

    pub(super) fn slow_down(&self) -> &Arc<SlowDown> {
        &self.slow_down
    }

    pub(super) fn now_millis(&self) -> UnixMillis {
        self.clock.now()
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.now_seconds()
    }

    /// The user with this id, enabled or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or the row is damaged.
    pub async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        let rows = self.database.query(FIND, vec![id.into()]).await?;
        rows.first().map(User::read).transpose()
    }

    /// The user with this name, and the hash of the password.
    pub(super) async fn named(&self, name: &str) -> Result<Option<(User, SecretHash)>, StoreError> {
        let rows = self.database.query(NAMED, vec![name.into()]).await?;
        rows.first().map(with_hash).transpose()
    }

    /// All users, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or a row is damaged.
    pub async fn list(&self) -> Result<Vec<User>, StoreError> {
        let rows = self.database.query(LIST, Vec::new()).await?;
        rows.iter().map(User::read).collect()
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`UserError`] says why not.
    pub async fn add(&self, name: &str, password: Secret, enabled: bool) -> Result<User, UserError> {
        password::check(name, password.expose())?;
        self.add_unchecked(name, password, enabled).await
    }

    /// Adds a user whose password the operator chose.
    pub(super) async fn add_unchecked(&self, name: &str, password: Secret, enabled: bool) -> Result<User, UserError> {
        User::check_name(name)?;
        let now = self.now();
        let id = random::text(ID_LENGTH)?;
        let user = User { id, name: name.to_owned(), enabled, created_at: now, updated_at: now };
        let hash = secret_hash::create(password).await?;
        let sql = "INSERT INTO DROPINS_USER (USER_ID, USERNAME, PASSWORD_HASH, ENABLED, TIME_CREATED, TIME_UPDATED)
                   VALUES (?, ?, ?, ?, ?, ?)";
        let values: Vec<Value> =
            vec![(&user.id).into(), name.into(), hash.phc().into(), enabled.into(), now.into(), now.into()];
        match self.database.execute(sql, values).await {
            Ok(_) => Ok(user),
            Err(StoreError::Duplicate) => Err(UserError::Exists { name: name.to_owned() }),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets another password, ends the user's sessions and revokes all grants: an attacker who knew the old password may
    /// have made them.
    ///
    /// # Errors
    /// [`UserError`] says why not.
    pub async fn set_password(&self, name: &str, password: Secret) -> Result<(), UserError> {
        password::check(name, password.expose())?;
        let hash = secret_hash::create(password).await?;
        let sql = "UPDATE DROPINS_USER SET PASSWORD_HASH = ?, TIME_UPDATED = ? WHERE USERNAME = ?";
        self.change(name, sql, vec![hash.phc().into(), self.now().into(), name.into()], End::Grants).await
    }

    /// Enables or disables a user. Disabling ends all sessions; tokens stay invalid until the user is enabled again.
    ///
    /// # Errors
    /// [`UserError`] says why not.
    pub async fn set_enabled(&self, name: &str, enabled: bool) -> Result<(), UserError> {
        let sql = "UPDATE DROPINS_USER SET ENABLED = ?, TIME_UPDATED = ? WHERE USERNAME = ?";
        self.change(name, sql, vec![enabled.into(), self.now().into(), name.into()], End::Sessions).await
    }

    /// Removes a user with sessions, grants and consents.
    ///
    /// # Errors
    /// [`UserError`] says why not.
    pub async fn remove(&self, name: &str) -> Result<(), UserError> {
        let sql = "DELETE FROM DROPINS_USER WHERE USERNAME = ?";
        self.change(name, sql, vec![name.into()], End::Consents).await
    }

    /// A change after which the user signs in anew, with what it ends.
    async fn change(&self, name: &str, sql: &'static str, values: Vec<Value>, end: End) -> Result<(), UserError> {
        let unknown = || UserError::Unknown { name: name.to_owned() };
        let (user, now) = (self.named(name).await?.ok_or_else(unknown)?.0, self.now());
        if end >= End::Grants {
            revocation::revoke_for_user_in_batches(&self.database, &user.id, now).await?;
        }
        let changed = retry_on_conflict(|| async {
            let mut transaction = self.database.begin().await?;
            if transaction.execute(sql, values.clone()).await? == 0 {
                return Ok(false);
            }
            transaction.execute("DELETE FROM DROPINS_SESSION WHERE USER_ID = ?", vec![(&user.id).into()]).await?;
            if end >= End::Grants {
                revocation::revoke_for_user(&mut transaction, &user.id, now).await?;
            }
            if end >= End::Consents {
                transaction.execute("DELETE FROM DROPINS_CONSENT WHERE USER_ID = ?", vec![(&user.id).into()]).await?;
            }
            transaction.commit().await.map(|()| true)
        });
        if changed.await? { Ok(()) } else { Err(unknown()) }
    }
}
