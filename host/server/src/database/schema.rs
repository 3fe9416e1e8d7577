//! The ordered list of migrations: what leads from an empty database to the tables of this program.
//!
//! A room that keeps state writes a `schema.rs` with `pub(crate) const MIGRATION: &str` and appends it to
//! `MIGRATIONS`; a migration that was released never changes. It is SQL that every engine understands, separated by
//! semicolons (none inside of a literal): `CREATE TABLE DROPINS_X (… {key} …, … {text} …, … {integer} …) {options};`,
//! `CREATE INDEX`, `ALTER TABLE … ADD COLUMN`, `INSERT`. `{key}` is text of at most 255 bytes, compared byte by byte, for
//! keys, indices and whatever is searched for; `{text}` is text of any length, `{integer}` has 64 bits; see [`Value`] for what
//! goes into them. No `DEFAULT`, no `AUTO_INCREMENT`, no foreign key, no trigger, no word that an engine reserves. A table
//! whose rows are over at a time has an `{integer}` column for it, with an index, and stands in `EXPIRING`.
//!
//! [`Value`]: super::Value

use dropins_replay::OpenError;

use super::purge::Expiring;
use crate::{grants, identity, sessions, users};

/// Migration `n` leads from version `n` to version `n + 1`.
pub(super) const MIGRATIONS: &[&str] = &[
    identity::MIGRATION,
    grants::MIGRATION,
    users::MIGRATION,
    sessions::MIGRATION,
    identity::ID_TOKEN_MIGRATION,
    grants::ENDING_MIGRATION,
    users::INDEX_MIGRATION,
];

/// The tables whose rows are over at a time.
pub(super) const EXPIRING: &[Expiring] = &[
    Expiring { table: "DROPINS_SESSION", time: "EXPIRES_AT" },
    Expiring { table: "DROPINS_AUTHORIZATION_CODE", time: "KEPT_UNTIL" },
    Expiring { table: "DROPINS_REFRESH_TOKEN", time: "EXPIRES_AT" },
    Expiring { table: "DROPINS_ACCESS_TOKEN", time: "EXPIRES_AT" },
    Expiring { table: "DROPINS_REVOKED_TOKEN", time: "EXPIRES_AT" },
    Expiring { table: "DROPINS_TOKEN_FAMILY", time: "KEPT_UNTIL" },
    Expiring { table: "DROPINS_PUSHED_REQUEST", time: "EXPIRES_AT" },
    Expiring { table: "DROPINS_REMOVED_CLIENT", time: "KEPT_UNTIL" },
];

/// The name under which `DROPINS_SCHEMA` keeps the version, beside that of the replay store.
pub(super) const COMPONENT: &str = "identity";

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(u32);

impl Version {
    /// The version that this program makes.
    pub(super) const KNOWN: Self = Self(MIGRATIONS.len() as u32);

    /// A version as it was noted; 0 when none was.
    ///
    /// # Errors
    /// [`OpenError::Newer`] when a newer program wrote it.
    pub(super) fn noted(database: &str, found: u32) -> Result<Self, OpenError> {
        match found > Self::KNOWN.0 {
            false => Ok(Self(found)),
            true => Err(OpenError::Newer { database: database.to_owned(), found, known: Self::KNOWN.0 }),
        }
    }

    /// The number.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// The migrations that are missing, each with the version that it leads to.
    pub(super) fn missing(self) -> impl Iterator<Item = (u32, &'static str)> {
        (1..).zip(MIGRATIONS.iter().copied()).skip(usize::try_from(self.0).unwrap_or(usize::MAX))
    }

    /// What opening the database does, for people; nothing when the tables are as they should be.
    pub(super) fn plan(self, database: &str) -> Vec<String> {
        match (self.0, Self::KNOWN.0) {
            (0, known) => vec![format!("make the identity tables, version {known}, in {database}")],
            (found, known) if found < known => {
                vec![format!("migrate the identity tables in {database} from version {found} to {known}")]
            }
            _ => Vec::new(),
        }
    }
}
