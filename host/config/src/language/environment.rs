//! What placeholders in the configuration may refer to: environment variables, system properties and credentials.
//!
//! It is handed in, so that reading a configuration is a pure function of its arguments.

use std::collections::BTreeMap;
use std::path::Path;

use crate::language::credentials::Credentials;

/// Environment variables for `$env{NAME}`, system properties for `$sys{NAME}`, credentials for `$cred{NAME}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    properties: BTreeMap<String, String>,
    credentials: Credentials,
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
            credentials: Credentials::default(),
        }
    }

    /// The variables of this process, those that are Unicode, these properties, and the credentials that the service
    /// manager gave to this process.
    pub fn of_process(home: &Path, properties: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let environment = Self::new(home, variables, properties);
        match std::env::var_os(Credentials::VARIABLE) {
            Some(folder) => environment.with_credentials_of(Path::new(&folder)),
            None => environment,
        }
    }

    /// The same with the credentials of a folder.
    #[must_use]
    pub fn with_credentials_of(self, folder: &Path) -> Self {
        Self { credentials: Credentials::read(folder), ..self }
    }

    /// The credentials of this process.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
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
