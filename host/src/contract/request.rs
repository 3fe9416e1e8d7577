//! One HTTP request as the embedder passes it to the host.
//!
//! URLs come from the configuration, never from the wire.

use std::fmt;
use std::sync::Arc;

/// Names with values, shared: an assertion is long, and a request is handed on as it came.
pub type Fields = Arc<[(String, String)]>;

/// A request to an endpoint that authenticates clients.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Public URL of the endpoint that was called.
    pub endpoint: String,
    /// Issuer identifier (RFC 8414 section 2).
    pub issuer: String,
    /// Public URL of the token endpoint.
    pub token_endpoint: String,
    /// Decoded form parameters in the order of the wire, repetitions included.
    pub form: Fields,
    /// Headers in the order of the wire, names in lower case.
    pub headers: Fields,
    /// The reference id of the request in the log; plug-ins are not shown it.
    pub reference: String,
}

impl Request {
    /// The value of a form parameter; an empty one counts as absent (RFC 6749 section 3.1).
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.form
            .iter()
            .find(|(parameter, value)| parameter == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The credentials of a request that carries another one beside an assertion (RFC 6749 section 2.3 forbids it),
    /// whether or not a plug-in reads them.
    pub(crate) fn credentials_beside_an_assertion(&self) -> Option<Vec<String>> {
        let assertion =
            ["client_assertion", "client_assertion_type"].into_iter().find(|name| self.parameter(name).is_some())?;
        let header = self.headers.iter().any(|(name, _)| name == "authorization").then_some("authorization");
        let secret = self.parameter("client_secret").map(|_| "client_secret");
        let others: Vec<&str> = [header, secret].into_iter().flatten().collect();
        (!others.is_empty()).then(|| [&[assertion][..], &others].concat().into_iter().map(str::to_owned).collect())
    }
}

/// Prints the names of parameters and headers only: a value may be a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |fields: &[(String, String)]| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_struct("Request")
            .field("endpoint", &self.endpoint)
            .field("form", &names(&self.form))
            .field("headers", &names(&self.headers))
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_printed() {
        let field = |name: &str| Fields::from([(name.to_owned(), "s3cret".to_owned())]);
        let request = Request { form: field("code"), headers: field("authorization"), ..Request::default() };
        let printed = format!("{request:?}");
        assert!(printed.contains(r#"form: ["code"], headers: ["authorization"]"#), "{printed}");
        assert!(!printed.contains("s3cret"));
    }
}
