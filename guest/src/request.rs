//! The first rules of a request: which parameters must be present, and which of them is the assertion.
//!
//! The server rejects repeated parameters before a plug-in is asked; they are rejected here again, because no choice
//! between two values would be safe.

use dropins_plugin::{Request, Shown};

use crate::assertion::Compact;
use crate::reason::{Reason, Rejection, Report};

/// The only accepted `client_assertion_type` (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Whether the request carries an assertion, well-formed or not.
pub fn is_engaged(request: &Request<'_>) -> bool {
    request.parameter("client_assertion").is_some() || request.parameter("client_assertion_type").is_some()
}

/// The client that the request claims to come from, unproven; for logs.
pub fn claimed_client(request: &Request<'_>) -> Option<String> {
    let token = request.parameter("client_assertion");
    let named = token.and_then(|token| Compact::decode(token, &mut Report::off()).ok()?.subject());
    named.or_else(|| request.parameter("client_id").map(str::to_owned))
}

/// The assertion, still encoded.
pub(crate) fn assertion<'a>(request: &Request<'a>, report: &mut Report) -> Result<&'a str, Rejection> {
    let repeated =
        ["client_assertion", "client_assertion_type", "client_id"].into_iter().find(|name| request.is_repeated(name));
    report.check(
        Reason::RepeatedParameter,
        repeated.is_none(),
        format_args!("each parameter once"),
        format_args!("{} more than once", repeated.unwrap_or("no parameter")),
    )?;
    let assertion = present("client_assertion", Reason::AssertionMissing, request, report)?;
    let kind = present("client_assertion_type", Reason::AssertionTypeMissing, request, report)?;
    report.check(
        Reason::AssertionTypeWrong,
        kind == ASSERTION_TYPE,
        format_args!("{ASSERTION_TYPE}"),
        format_args!("{}", Shown(kind)),
    )?;
    Ok(assertion)
}

/// The value of a required parameter.
fn present<'a>(name: &str, reason: Reason, request: &Request<'a>, report: &mut Report) -> Result<&'a str, Rejection> {
    let value = request.parameter(name);
    let received = if value.is_some() { "present" } else { "absent or empty" };
    report.check(reason, value.is_some(), format_args!("{name}"), format_args!("{received}"))?;
    Ok(value.unwrap_or_default())
}
