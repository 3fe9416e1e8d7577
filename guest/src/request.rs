//! The request as far as this plug-in sees it, and its first rules: which parameters must be there.
//!
//! An empty parameter counts as absent (RFC 6749 section 3.1). The server refuses repeated parameters before a plug-in
//! is asked; here they are refused again, because no choice between two values would be safe.

use crate::assertion::Compact;
use crate::reason::Reason;
use crate::report::{Rejection, Report};
use crate::shown::Shown;

/// The only accepted `client_assertion_type` (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Public URL of the endpoint that was called.
    pub endpoint: &'a str,
    /// Issuer identifier of the server (RFC 8414 section 2).
    pub issuer: &'a str,
    /// Public URL of the token endpoint.
    pub token_endpoint: &'a str,
    /// Form parameters in the order of the wire.
    pub form: Vec<(&'a str, &'a str)>,
    /// Milliseconds since the Unix epoch.
    pub now: u64,
}

impl<'a> Request<'a> {
    /// The value of a parameter; an empty one counts as absent.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.form.iter().find(|(parameter, value)| *parameter == name && !value.is_empty()).map(|(_, value)| *value)
    }

    /// Whether the request carries an assertion, well-formed or not.
    pub fn is_engaged(&self) -> bool {
        self.parameter("client_assertion").is_some() || self.parameter("client_assertion_type").is_some()
    }

    /// The client that the request claims to come from, unproven; for logs.
    pub fn claimed_client(&self) -> Option<String> {
        let token = self.parameter("client_assertion");
        let named = token.and_then(|token| Compact::decode(token, &mut Report::off()).ok()?.subject());
        named.or_else(|| self.parameter("client_id").map(str::to_owned))
    }

    /// The assertion, still encoded.
    pub(crate) fn assertion(&self, report: &mut Report) -> Result<&'a str, Rejection> {
        let repeated = ["client_assertion", "client_assertion_type", "client_id"]
            .into_iter()
            .find(|name| self.form.iter().filter(|(parameter, _)| parameter == name).count() > 1);
        report.check(
            Reason::RepeatedParameter,
            repeated.is_none(),
            format_args!("each parameter once"),
            format_args!("{} more than once", repeated.unwrap_or("no parameter")),
        )?;
        let there = |value: Option<&str>| if value.is_some() { "present" } else { "absent or empty" };
        let assertion = self.parameter("client_assertion");
        report.check(
            Reason::AssertionMissing,
            assertion.is_some(),
            format_args!("client_assertion"),
            format_args!("{}", there(assertion)),
        )?;
        let kind = self.parameter("client_assertion_type");
        report.check(
            Reason::AssertionTypeMissing,
            kind.is_some(),
            format_args!("client_assertion_type"),
            format_args!("{}", there(kind)),
        )?;
        report.check(
            Reason::AssertionTypeWrong,
            kind == Some(ASSERTION_TYPE),
            format_args!("{ASSERTION_TYPE}"),
            format_args!("{}", Shown(kind.unwrap_or_default())),
        )?;
        Ok(assertion.unwrap_or_default())
    }
}
