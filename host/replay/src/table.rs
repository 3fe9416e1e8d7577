//! What a database holds where the table `IDN_OIDC_JTI` belongs, and what opening the store does about it.
//!
//! Recognised by its columns: nothing, our table, or one that WSO2 Identity Server made, with or without `TENANT_ID`,
//! whose rows are kept under an empty client id. Refused are tables of a newer program and tables of any other kind.

use crate::open_error::OpenError;

/// The version of the table that this program makes, and the name under which `DROPINS_SCHEMA` keeps it.
pub(crate) const VERSION: u32 = 1;
pub(crate) const COMPONENT: &str = "replay";

const OURS: &[&str] = &["CLIENT_ID", "EXP_TIME", "JWT_ID", "TENANT_ID", "TIME_CREATED"];
const WSO2: &[&str] = &["EXP_TIME", "JWT_ID", "TENANT_ID", "TIME_CREATED"];
const WSO2_WITHOUT_TENANTS: &[&str] = &["EXP_TIME", "JWT_ID", "TIME_CREATED"];

/// The super tenant of WSO2 Identity Server: the only one that there is here.
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
    },
    /// Our table, whose version is not noted.
    Unversioned,
    /// Our table.
    Current,
}

impl Found {
    /// Judges by the noted version and the columns of the table, none of them when there is no table.
    pub(crate) fn judge(database: &str, version: Option<u32>, mut columns: Vec<String>) -> Result<Self, OpenError> {
        if let Some(found) = version.filter(|version| *version > VERSION) {
            return Err(OpenError::Newer { database: database.to_owned(), found, known: VERSION });
        }
        columns.iter_mut().for_each(|column| column.make_ascii_uppercase());
        columns.sort();
        match columns.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Ok(Self::Nothing),
            WSO2 => Ok(Self::Wso2 { tenants: true }),
            WSO2_WITHOUT_TENANTS => Ok(Self::Wso2 { tenants: false }),
            OURS if version.is_some() => Ok(Self::Current),
            OURS => Ok(Self::Unversioned),
            _ => Err(OpenError::ForeignTable { database: database.to_owned(), columns: columns.join(", ") }),
        }
    }

    /// What opening does, for people; nothing when the table is as it should be.
    pub(crate) fn plan(self, database: &str) -> Vec<String> {
        match self {
            Self::Nothing => vec![format!("make the table IDN_OIDC_JTI in {database}")],
            Self::Wso2 { tenants } => {
                let tenants = if tenants { "with its tenants" } else { "as rows of the super tenant" };
                vec![format!(
                    "convert the table IDN_OIDC_JTI of WSO2 Identity Server in {database}, keeping its rows {tenants}; \
                     WSO2 Identity Server can no longer write to it"
                )]
            }
            Self::Unversioned => vec![format!("note the version of the table IDN_OIDC_JTI in {database}")],
            Self::Current => Vec::new(),
        }
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
        assert_eq!(judge(None, "jwt_id exp_time time_created").unwrap(), Found::Wso2 { tenants: false });
        assert_eq!(judge(None, "JWT_ID TENANT_ID EXP_TIME TIME_CREATED").unwrap(), Found::Wso2 { tenants: true });
        let ours = "JWT_ID CLIENT_ID TENANT_ID EXP_TIME TIME_CREATED";
        assert_eq!(judge(Some(1), ours).unwrap(), Found::Current);
        assert_eq!(judge(None, ours).unwrap(), Found::Unversioned);
    }

    #[test]
    fn a_newer_table_and_a_table_of_another_kind_are_refused() {
        let error = judge(Some(VERSION + 1), "").unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
        let error = judge(None, "JWT_ID").unwrap_err();
        assert!(error.to_string().contains("db has the columns JWT_ID, neither"), "{error}");
    }

    #[test]
    fn only_what_changes_something_is_planned() {
        assert!(Found::Current.plan("db").is_empty());
        assert_eq!(Found::Nothing.plan("db"), ["make the table IDN_OIDC_JTI in db"]);
        assert!(Found::Wso2 { tenants: true }.plan("db")[0].contains("keeping its rows with its tenants"));
        assert!(Found::Wso2 { tenants: false }.plan("db")[0].contains("as rows of the super tenant"));
    }
}
