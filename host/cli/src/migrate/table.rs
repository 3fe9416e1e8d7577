//! Rows of a table of another server, whatever they were read from: a dump, a CSV file, a database.

use std::collections::BTreeMap;

/// The clients of WSO2 Identity Server.
pub(super) const APPS: &str = "IDN_OAUTH_CONSUMER_APPS";
/// What else is configured about them, one property a row.
pub(super) const PROPERTIES: &str = "IDN_OIDC_PROPERTY";

/// A row; columns are named in upper case, and `NULL` is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row(BTreeMap<String, String>);

impl Row {
    pub(super) fn new(columns: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let given = columns.into_iter().filter_map(|(name, value)| Some((name.to_ascii_uppercase(), value?)));
        Self(given.collect())
    }

    /// The value of a column; empty if it is `NULL` or the table lacks it.
    pub(super) fn get(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }
}
