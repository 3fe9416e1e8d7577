//! A request to a test server.

use super::server::TestServer;
use crate::request::Request;

/// A request; by default a post to the token endpoint without any field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestRequest {
    /// The endpoint that is called; the token endpoint, if it is `None`.
    pub endpoint: Option<String>,
    /// Form parameters, in the order of the wire.
    pub form: Vec<(String, String)>,
    /// Headers, in the order of the wire, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl TestRequest {
    /// Adds a form parameter.
    #[must_use]
    pub fn form(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Calls another endpoint.
    #[must_use]
    pub fn at(self, endpoint: &str) -> Self {
        Self { endpoint: Some(endpoint.to_owned()), ..self }
    }

    /// As much of it as a plug-in with these `reads` is shown.
    pub(super) fn shown<'a>(&'a self, server: &'a TestServer, reads: &[&str]) -> Request<'a> {
        let declared = |kind: &str, name: &str| {
            reads.iter().any(|read| read.strip_prefix(kind).is_some_and(|declared| declared == name))
        };
        let fields = |fields: &'a [(String, String)], kind: &str| {
            let shown = fields.iter().filter(|(name, _)| declared(kind, name));
            shown.map(|(name, value)| (name.as_str(), value.as_str())).collect()
        };
        Request {
            endpoint: self.endpoint.as_deref().unwrap_or(&server.token_endpoint),
            issuer: &server.issuer,
            token_endpoint: &server.token_endpoint,
            form: fields(&self.form, "form:"),
            headers: fields(&self.headers, "header:"),
            now: server.now,
        }
    }
}
