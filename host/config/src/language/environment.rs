//! What placeholders in the configuration may refer to: environment variables and system properties.
//!
//! It is handed in, so that reading a configuration is a pure function of its arguments.

use std::collections::BTreeMap;
use std::path::Path;

/// Environment variables for `$env{NAME}`, system properties for `$sys{NAME}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    properties: BTreeMap<String, String>,
}

impl Environment {
    /// These variables and properties, above the defaults `carbon.home` (the home folder) and
    /// `carbon.management.port` (9443).
    pub fn new(
        home: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        properties: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let defaults = [("carbon.home", home.display().to_string()), ("carbon.management.port", "9443".to_owned())];
        let defaults = defaults.map(|(name, value)| (name.to_owned(), value));
        Self {
            variables: variables.into_iter().collect(),
            properties: defaults.into_iter().chain(properties).collect(),
        }
    }

    /// The variables of this process, those that are Unicode, and these properties.
    pub fn of_process(home: &Path, properties: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::new(home, variables, properties)
    }

    /// An environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A system property.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}
