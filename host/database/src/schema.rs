//! What a component keeps in a database: its migrations, and the tables whose rows expire.
//!
//! A migration is SQL that every engine understands, statements separated by semicolons (none inside of a literal):
//! `CREATE TABLE T (… {key} …, … {text} …, … {integer} …) {options};`, `CREATE INDEX`, `ALTER TABLE … ADD COLUMN`, `INSERT`.
//! `{key}` is text of at most 255 bytes, compared byte by byte, for keys, indices and what is searched for; `{text}` is text
//! of any length; `{integer}` has 64 bits. No `DEFAULT`, `AUTO_INCREMENT`, foreign key, trigger or reserved word. A
//! migration that was released never changes.

use crate::expiring::Expiring;
use crate::open_error::OpenError;

/// The tables of one component.
#[derive(Debug)]
pub struct Schema {
    /// The name under which `DROPINS_SCHEMA` keeps the version, one for each component that shares the database.
    pub component: &'static str,
    /// Migration `n` leads from version `n` to version `n + 1`.
    pub migrations: &'static [&'static str],
    /// The tables whose rows expire, each with an index on the column of the time.
    pub expiring: &'static [Expiring],
}

impl Schema {
    /// The version that the migrations lead to.
    pub fn newest(&self) -> u32 {
        u32::try_from(self.migrations.len()).unwrap_or(u32::MAX)
    }

    /// The version of a database from what `DROPINS_SCHEMA` holds; 0 for nothing.
    ///
    /// # Errors
    /// [`OpenError::Newer`] if a newer program wrote the tables.
    pub(crate) fn version(&'static self, database: &str, found: u32) -> Result<Version, OpenError> {
        let known = self.newest();
        match found > known {
            false => Ok(Version { schema: self, found }),
            true => Err(OpenError::Newer { database: database.to_owned(), found, known }),
        }
    }
}

/// The version of the tables in a database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version {
    schema: &'static Schema,
    found: u32,
}

impl Version {
    /// The migrations that are missing, each with the version that it leads to.
    pub(crate) fn missing(self) -> impl Iterator<Item = (u32, &'static str)> {
        let done = usize::try_from(self.found).unwrap_or(usize::MAX);
        (1..).zip(self.schema.migrations.iter().copied()).skip(done)
    }

    /// What opening the database changes, for the operator; empty if the tables are up to date.
    pub(crate) fn plan(self, database: &str) -> Vec<String> {
        let (component, newest) = (self.schema.component, self.schema.newest());
        match self.found {
            found if found >= newest => Vec::new(),
            0 => vec![format!("make the {component} tables, version {newest}, in {database}")],
            found => vec![format!("migrate the {component} tables in {database} from version {found} to {newest}")],
        }
    }
}
