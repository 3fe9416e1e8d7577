//! Brings the tables of a component up to date: locks, finds their version, plans, applies, notes the new version.
//!
//! Of nodes that start together one applies the changes; the others wait for its lock and then find nothing to do. Tables
//! of a newer program are rejected.

use futures_util::future::BoxFuture;

use crate::dialect::Dialect;
use crate::open_error::OpenError;

/// The table of versions, one row for each component that shares the database.
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS DROPINS_SCHEMA (
    COMPONENT {key} NOT NULL PRIMARY KEY, VERSION {integer} NOT NULL
) {options}";

/// What the engines do differently when tables change: one session of one engine.
#[async_trait::async_trait]
pub trait Tables: Send {
    /// The database for messages, without credentials.
    fn database(&self) -> String;

    /// The words of the engine for the placeholders of a migration.
    fn dialect(&self) -> Dialect;

    /// Waits until no other node changes tables.
    async fn lock(&mut self) -> Result<(), OpenError>;

    /// The columns of a table; empty if it is missing.
    async fn columns(&mut self, table: &str) -> Result<Vec<String>, OpenError>;

    /// The number from 0 that a `SELECT` finds, if any.
    async fn number(&mut self, sql: &str) -> Result<Option<u64>, OpenError>;

    /// Runs a statement. Where changes of tables cannot be rolled back, what exists already counts as done if the statement
    /// is repeatable.
    async fn run(&mut self, statement: &str, repeatable: bool) -> Result<(), OpenError>;

    /// Commits the changes and releases the lock. Without it the lock ends with the session.
    async fn unlock(&mut self) -> Result<(), OpenError>;
}

/// What keeps tables in a database, under a version of its own.
#[async_trait::async_trait]
pub trait Component: Sync {
    /// The name under which `DROPINS_SCHEMA` keeps the version.
    fn name(&self) -> &'static str;

    /// The newest version that this program knows.
    fn newest(&self) -> u32;

    /// What leads from the noted version to the newest one.
    ///
    /// # Errors
    /// [`OpenError`] if the tables cannot be read or are not those of the component.
    async fn plan(&self, tables: &mut dyn Tables, noted: Option<u32>) -> Result<Plan, OpenError>;
}

/// The changes that are due.
#[derive(Debug, Default)]
pub struct Plan {
    /// For the operator.
    pub sentences: Vec<String>,
    /// In their order.
    pub steps: Vec<Step>,
}

/// A change of the tables.
#[derive(Debug)]
pub struct Step {
    /// The version that it leads to.
    pub version: u32,
    /// Statements for this engine.
    pub statements: Vec<String>,
    /// Whether a step that was interrupted may begin again, over what it has done.
    pub repeatable: bool,
}

/// Rejects tables of a newer program.
///
/// # Errors
/// [`OpenError::Newer`].
pub fn check_version(database: &str, noted: Option<u32>, newest: u32) -> Result<(), OpenError> {
    match noted.filter(|found| *found > newest) {
        Some(found) => Err(OpenError::Newer { database: database.to_owned(), found, known: newest }),
        None => Ok(()),
    }
}

/// The version of a component, if one is noted.
///
/// # Errors
/// [`OpenError`] if the tables cannot be read.
pub async fn version(tables: &mut dyn Tables, component: &str) -> Result<Option<u32>, OpenError> {
    if tables.columns("DROPINS_SCHEMA").await?.is_empty() {
        return Ok(None);
    }
    let noted = tables.number(&format!("SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = '{component}'")).await?;
    Ok(noted.map(|version| u32::try_from(version).unwrap_or(u32::MAX)))
}

/// What [`migrate`] would change, one sentence each; changes nothing.
///
/// # Errors
/// [`OpenError`], as far as `migrate` would fail with it.
pub async fn plan(tables: &mut dyn Tables, component: &dyn Component) -> Result<Vec<String>, OpenError> {
    Ok(find(tables, component).await?.1.sentences)
}

/// Brings the tables up to date.
///
/// # Errors
/// [`OpenError`] says what is wrong and what to do. Changes are rolled back, or else begun again by the next start.
pub fn migrate<'a>(tables: &'a mut dyn Tables, component: &'a dyn Component) -> BoxFuture<'a, Result<(), OpenError>> {
    Box::pin(async move {
        tables.lock().await?;
        let (mut noted, plan) = find(tables, component).await?;
        for sentence in &plan.sentences {
            tracing::info!("{sentence}");
        }
        if !plan.steps.is_empty() {
            let versions = tables.dialect().statements(VERSIONS);
            run(tables, &versions, true).await?;
        }
        let name = component.name();
        for Step { version, statements, repeatable } in plan.steps {
            run(tables, &statements, repeatable).await?;
            let note = match noted.replace(version) {
                Some(_) => format!("UPDATE DROPINS_SCHEMA SET VERSION = {version} WHERE COMPONENT = '{name}'"),
                None => format!("INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES ('{name}', {version})"),
            };
            run(tables, &[note], false).await?;
        }
        tables.unlock().await
    })
}

async fn run(tables: &mut dyn Tables, statements: &[String], repeatable: bool) -> Result<(), OpenError> {
    for statement in statements {
        tables.run(statement, repeatable).await?;
    }
    Ok(())
}

async fn find(tables: &mut dyn Tables, component: &dyn Component) -> Result<(Option<u32>, Plan), OpenError> {
    let noted = version(tables, component.name()).await?;
    check_version(&tables.database(), noted, component.newest())?;
    Ok((noted, component.plan(tables, noted).await?))
}
