//! `[super_admin]`: the user who is there from the start.
//!
//! The file only ever makes the user. Once there is one of this name, its password is that of the database, and
//! `dropins user passwd` changes it; another password in the file changes nothing.

use super::store::{UserError, Users};
use dropins_protocol::Secret;

impl Users {
    /// Makes the configured user, unless there is one of this name; tells whether it was made.
    ///
    /// # Errors
    /// [`UserError`] when the user cannot be looked for or made.
    pub async fn ensure_super_admin(&self, name: &str, password: &Secret) -> Result<bool, UserError> {
        if self.named(name).await?.is_some() {
            return Ok(false);
        }
        match self.add_unchecked(name, password.clone(), true).await {
            Ok(_) => Ok(true),
            // Another node was faster.
            Err(UserError::Exists { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
