//! Registered clients and trusted issuers, as values.

use super::key::TestKey;
use crate::services::{LookupError, Registration};

/// A registered client.
#[derive(Debug, Clone)]
pub struct TestClient {
    /// What is registered about it.
    pub registration: Registration,
    /// Its secret.
    pub secret: Option<String>,
    /// Its subjects at trusted issuers: pairs of issuer and subject.
    pub subjects: Vec<(String, String)>,
    /// Its keys, or why there are none.
    pub keys: Result<Vec<TestKey>, LookupError>,
    /// Its keys from the second look-up on, if they change: what a JWKS URI publishes after a rotation.
    pub newer: Option<Vec<TestKey>>,
}

impl TestClient {
    /// An enabled client that is registered for no particular method.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            registration: Registration { id: id.to_owned(), ..Registration::default() },
            secret: None,
            subjects: Vec::new(),
            keys: Ok(Vec::new()),
            newer: None,
        }
    }

    /// Registers the method of the client, as `token_endpoint_auth_method`.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.registration.auth_method = Some(method.to_owned());
        self
    }

    /// Gives it a secret.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        Self { secret: Some(secret.to_owned()), ..self }
    }

    /// Gives it one more key.
    #[must_use]
    pub fn key(mut self, key: TestKey) -> Self {
        if let Ok(keys) = &mut self.keys {
            keys.push(key);
        }
        self
    }

    /// Has a trusted issuer know it as this subject.
    #[must_use]
    pub fn subject(mut self, issuer: &str, subject: &str) -> Self {
        self.subjects.push((issuer.to_owned(), subject.to_owned()));
        self
    }

    /// Overrides a property of the listener entry for this client.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.registration.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A trusted issuer.
#[derive(Debug, Clone)]
pub struct TestIssuer {
    /// Its identifier.
    pub issuer: String,
    /// Its keys, or why there are none.
    pub keys: Result<Vec<TestKey>, LookupError>,
    /// Its keys from the second look-up on, if they change.
    pub newer: Option<Vec<TestKey>>,
}

impl TestIssuer {
    /// An issuer with these keys.
    #[must_use]
    pub fn new(issuer: &str, keys: impl IntoIterator<Item = TestKey>) -> Self {
        Self { issuer: issuer.to_owned(), keys: Ok(keys.into_iter().collect()), newer: None }
    }
}
