//! What a component keeps in a database: its migrations, and the tables whose rows expire.
//!
//! A migration is SQL that every engine understands, statements separated by semicolons (none inside of a literal):
//! `CREATE TABLE T (… {key} …, … {text} …, … {integer} …) {options};`, `CREATE INDEX`, `ALTER TABLE … ADD COLUMN`, `INSERT`.
//! `{key}` is text of at most 255 bytes, compared byte by byte, for keys, indices and what is searched for; `{text}` is text
//! of any length; `{integer}` has 64 bits. No `DEFAULT`, `AUTO_INCREMENT`, foreign key, trigger or reserved word. A
//! migration that was released never changes.

use std::time::Duration;

use crate::migrations::{Component, Plan, Step, Tables};
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

/// A table whose rows expire.
#[derive(Debug, Clone, Copy)]
pub struct Expiring {
    /// The table.
    pub table: &'static str,
    /// The column with the time, seconds since the Unix epoch; indexed.
    pub time: &'static str,
    /// How long a row is kept after that, because another node's clock may be behind; zero where an early purge does no
    /// harm.
    pub margin: Duration,
}

impl Expiring {
    /// The margin of most tables: more than the clocks of two nodes may differ.
    pub const MARGIN: Duration = Duration::from_secs(300);
}

#[async_trait::async_trait]
impl Component for Schema {
    fn name(&self) -> &'static str {
        self.component
    }

    fn newest(&self) -> u32 {
        u32::try_from(self.migrations.len()).unwrap_or(u32::MAX)
    }

    async fn plan(&self, tables: &mut dyn Tables, noted: Option<u32>) -> Result<Plan, OpenError> {
        let (component, database, newest) = (self.component, tables.database(), self.newest());
        let sentence = match noted {
            Some(found) if found == newest => return Ok(Plan::default()),
            Some(found) => format!("migrate the {component} tables in {database} from version {found} to {newest}"),
            None => format!("make the {component} tables, version {newest}, in {database}"),
        };
        let statements = |migration: &str| tables.dialect().statements(migration);
        let steps = (1..).zip(self.migrations).filter(|(version, _)| *version > noted.unwrap_or(0));
        let steps =
            steps.map(|(version, migration)| Step { version, statements: statements(migration), repeatable: true });
        Ok(Plan { sentences: vec![sentence], steps: steps.collect() })
    }
}
