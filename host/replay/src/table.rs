//! What a database holds where the table `IDN_OIDC_JTI` belongs, and what opening the store does about it.
//!
//! Recognised by its columns: nothing, our table, or a table of WSO2 Identity Server, with or without `TENANT_ID`,
//! whose rows are kept under an empty client id. Rejected are tables of a newer program and tables of any other kind.

use dropins_database::OpenError;
use dropins_database::migrations::{self, Component, Plan, Step, Tables};

/// The version of the table that this program makes, and the name under which `DROPINS_SCHEMA` keeps it.
pub(crate) const VERSION: u32 = 1;
pub(crate) const COMPONENT: &str = "replay";

const OURS: &[&str] = &["CLIENT_ID", "EXP_TIME", "JWT_ID", "TENANT_ID", "TIME_CREATED"];
const WSO2: &[&str] = &["EXP_TIME", "JWT_ID", "TENANT_ID", "TIME_CREATED"];
const WSO2_WITHOUT_TENANTS: &[&str] = &["EXP_TIME", "JWT_ID", "TIME_CREATED"];

/// How many rows the table has.
const COUNT: &str = "SELECT count(*) FROM IDN_OIDC_JTI";

/// The last expiry of a row that names no client.
const INHERITED: &str = "SELECT max(EXP_TIME) FROM IDN_OIDC_JTI WHERE CLIENT_ID = ''";

/// The super tenant of WSO2 Identity Server: the only one here.
pub(crate) const TENANT: i32 = -1234;

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// No table.
    Nothing,
    /// A table that WSO2 Identity Server made.
    Wso2 {
        /// Whether it has the column `TENANT_ID`.
        tenants: bool,
        /// How many rows it has.
        rows: u64,
    },
    /// Our table, whose version is not noted.
    Unversioned,
    /// Our table.
    Current,
}

impl Found {
    /// Judges by the noted version and the columns of the table, none of them when there is no table.
    pub(crate) fn judge(database: &str, version: Option<u32>, mut columns: Vec<String>) -> Result<Self, OpenError> {
        migrations::check_version(database, version, VERSION)?;
        columns.iter_mut().for_each(|column| column.make_ascii_uppercase());
        columns.sort();
        match columns.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Ok(Self::Nothing),
            WSO2 => Ok(Self::Wso2 { tenants: true, rows: 0 }),
            WSO2_WITHOUT_TENANTS => Ok(Self::Wso2 { tenants: false, rows: 0 }),
            OURS if version.is_some() => Ok(Self::Current),
            OURS => Ok(Self::Unversioned),
            _ => Err(OpenError::ForeignTable { database: database.to_owned(), columns: columns.join(", ") }),
        }
    }

    /// Whether the rows are to be converted, so that their number is of interest: [`COUNT`].
    pub(crate) fn is_wso2(self) -> bool {
        matches!(self, Self::Wso2 { .. })
    }

    /// The same table with the number of its rows.
    pub(crate) fn holding(self, rows: u64) -> Self {
        match self {
            Self::Wso2 { tenants, .. } => Self::Wso2 { tenants, rows },
            other => other,
        }
    }

    /// What opening does, for people; nothing when the table is as it should be.
    pub(crate) fn plan(self, database: &str) -> Vec<String> {
        match self {
            Self::Nothing => vec![format!("make the table IDN_OIDC_JTI in {database}")],
            Self::Wso2 { tenants, rows } => {
                let tenants = if tenants { "with its tenants" } else { "as rows of the super tenant" };
                vec![format!(
                    "convert the table IDN_OIDC_JTI of WSO2 Identity Server in {database}, keeping its {rows} rows {tenants}; \
                     WSO2 Identity Server can no longer write to it"
                )]
            }
            Self::Unversioned => vec![format!("note the version of the table IDN_OIDC_JTI in {database}")],
            Self::Current => Vec::new(),
        }
    }
}

/// The table in the words of one database.
pub(crate) struct JtiTable {
    /// Makes it.
    pub(crate) create: fn() -> Vec<String>,
    /// Converts one of WSO2 Identity Server, with or without `TENANT_ID`.
    pub(crate) convert: fn(bool) -> Vec<String>,
}

impl JtiTable {
    /// Makes or converts the table, and tells the last expiry of a row that names no client.
    pub(crate) async fn open(&self, tables: &mut dyn Tables) -> Result<Option<u64>, OpenError> {
        migrations::migrate(tables, self).await?;
        tables.number(INHERITED).await
    }
}

#[async_trait::async_trait]
impl Component for JtiTable {
    fn name(&self) -> &'static str {
        COMPONENT
    }

    fn newest(&self) -> u32 {
        VERSION
    }

    async fn plan(&self, tables: &mut dyn Tables, noted: Option<u32>) -> Result<Plan, OpenError> {
        let found = find(tables, noted).await?;
        let statements = match found {
            Found::Nothing => (self.create)(),
            Found::Wso2 { tenants, .. } => (self.convert)(tenants),
            Found::Unversioned => Vec::new(),
            Found::Current => return Ok(Plan::default()),
        };
        let steps = vec![Step { version: VERSION, statements, repeatable: false }];
        Ok(Plan { sentences: found.plan(&tables.database()), steps })
    }
}

/// What the database holds.
pub(crate) async fn find(tables: &mut dyn Tables, noted: Option<u32>) -> Result<Found, OpenError> {
    let found = Found::judge(&tables.database(), noted, tables.columns("IDN_OIDC_JTI").await?)?;
    match found.is_wso2() {
        true => Ok(found.holding(tables.number(COUNT).await?.unwrap_or(0))),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(version: Option<u32>, columns: &str) -> Result<Found, OpenError> {
        Found::judge("db", version, columns.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn a_table_is_recognised_by_its_columns_in_any_order_and_case() {
        assert_eq!(judge(None, "").unwrap(), Found::Nothing);
        assert_eq!(judge(None, "jwt_id exp_time time_created").unwrap(), Found::Wso2 { tenants: false, rows: 0 });
        let with_tenants = judge(None, "JWT_ID TENANT_ID EXP_TIME TIME_CREATED").unwrap();
        assert_eq!(with_tenants, Found::Wso2 { tenants: true, rows: 0 });
        let ours = "JWT_ID CLIENT_ID TENANT_ID EXP_TIME TIME_CREATED";
        assert_eq!(judge(Some(1), ours).unwrap(), Found::Current);
        assert_eq!(judge(None, ours).unwrap(), Found::Unversioned);
    }

    #[test]
    fn a_newer_table_and_a_table_of_another_kind_are_rejected() {
        let error = judge(Some(VERSION + 1), "").unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
        let error = judge(None, "JWT_ID").unwrap_err();
        assert!(error.to_string().contains("db has the columns JWT_ID, neither"), "{error}");
    }

    #[test]
    fn only_what_changes_something_is_planned() {
        assert!(Found::Current.plan("db").is_empty());
        assert_eq!(Found::Nothing.plan("db"), ["make the table IDN_OIDC_JTI in db"]);
        let made_by_wso2 = |tenants| Found::Wso2 { tenants, rows: 0 }.holding(7).plan("db").concat();
        assert!(made_by_wso2(true).contains("keeping its 7 rows with its tenants"));
        assert!(made_by_wso2(false).contains("keeping its 7 rows as rows of the super tenant"));
        assert_eq!(Found::Current.holding(7), Found::Current);
    }
}
