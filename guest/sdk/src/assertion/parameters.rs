//! The parameters of a request with an assertion (RFC 7521 section 4.2).
//!
//! The server rejects repeated parameters before a plug-in is asked; they are rejected here again, because no choice
//! between two values would be safe.

use super::rule::{AssertionReason, AssertionRule};
use crate::rejection::Rejection;
use crate::report::Report;
use crate::request::Request;
use crate::shown::Shown;

/// The `client_assertion_type` of RFC 7523 section 2.2.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The `client_assertion_type` of a SPIFFE JWT-SVID (draft-ietf-oauth-spiffe-client-auth).
pub const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// The assertion, still encoded, of a request whose `client_assertion_type` is one of `kinds`, compared exactly.
///
/// # Errors
/// [`Rejection`] if a parameter is repeated, absent or empty, or the type is another one.
pub fn read_assertion<'a, R: AssertionReason>(
    request: &Request<'a>,
    kinds: &[&str],
    report: &mut Report<R>,
) -> Result<&'a str, Rejection<R>> {
    let repeated =
        ["client_assertion", "client_assertion_type", "client_id"].into_iter().find(|name| request.is_repeated(name));
    report.check(
        AssertionRule::RepeatedParameter.into(),
        repeated.is_none(),
        format_args!("each parameter once"),
        format_args!("{} more than once", repeated.unwrap_or("no parameter")),
    )?;
    let assertion = present("client_assertion", AssertionRule::AssertionMissing, request, report)?;
    let kind = present("client_assertion_type", AssertionRule::AssertionTypeMissing, request, report)?;
    report.check(
        AssertionRule::AssertionTypeWrong.into(),
        kinds.contains(&kind),
        format_args!("{}", kinds.join(" or ")),
        format_args!("{}", Shown(kind)),
    )?;
    Ok(assertion)
}

/// The value of a required parameter.
fn present<'a, R: AssertionReason>(
    name: &str,
    rule: AssertionRule,
    request: &Request<'a>,
    report: &mut Report<R>,
) -> Result<&'a str, Rejection<R>> {
    let value = request.parameter(name);
    let received = if value.is_some() { "present" } else { "absent or empty" };
    report.check(rule.into(), value.is_some(), format_args!("{name}"), format_args!("{received}"))?;
    Ok(value.unwrap_or_default())
}
