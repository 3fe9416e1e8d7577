//! One user.

use dropins_database::{Row, StoreError};
use dropins_services::is_unseen;

/// The longest name, in bytes.
const MAX_NAME: usize = 255;

/// A user, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The subject of tokens: random, never reused for another user.
    pub id: String,
    /// The name to sign in with, compared byte by byte.
    pub name: String,
    /// Whether the user may sign in.
    pub enabled: bool,
    /// When the user was added, seconds since the Unix epoch.
    pub created_at: u64,
    /// When the user was last changed, seconds since the Unix epoch.
    pub updated_at: u64,
}

/// The text cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user name has 1 to {MAX_NAME} bytes, no unseen characters, and no white space at its ends")]
pub struct NameFault;

impl User {
    /// A user from a row of `DROPINS_USER`.
    pub fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.text("USER_ID")?,
            name: row.text("USERNAME")?,
            enabled: row.boolean("ENABLED")?,
            created_at: row.unsigned("TIME_CREATED")?,
            updated_at: row.unsigned("TIME_UPDATED")?,
        })
    }

    /// Whether the text can be a name.
    ///
    /// # Errors
    /// [`NameFault`].
    pub fn check_name(name: &str) -> Result<(), NameFault> {
        let fits = (1..=MAX_NAME).contains(&name.len());
        if fits && name.trim() == name && !name.contains(is_unseen) { Ok(()) } else { Err(NameFault) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_visible_text() {
        for good in ["a", "jane.doe@example.com", "Zoë van der Meer", &"x".repeat(255)] {
            assert_eq!(User::check_name(good), Ok(()), "{good}");
        }
        for bad in ["", " a", "a ", "a\n", "a\u{1b}[31m", "a\u{200b}b", "a\u{202e}b", &"x".repeat(256)] {
            assert_eq!(User::check_name(bad), Err(NameFault), "{bad:?}");
        }
    }
}
