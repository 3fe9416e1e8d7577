//! The first rules of a request: which parameters must be present, and which of them is the assertion.
//!
//! The server rejects repeated parameters before a plug-in is asked; they are rejected here again, because no choice
//! between two values would be safe.

use dropins_plugin::{Request, Shown};

use crate::assertion::Compact;
use crate::policy::ForeignIssuers;
use crate::reason::{Reason, Rejection, Report};

/// The only accepted `client_assertion_type` (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Whether the request carries an assertion for this plug-in, well-formed or not.
///
/// With [`ForeignIssuers::Leave`] a jwt-bearer assertion that decodes, and whose `iss` and `sub` are strings that differ,
/// belongs to another plug-in.
pub fn is_engaged(request: &Request<'_>, foreign: ForeignIssuers) -> bool {
    let (assertion, kind) = (request.parameter("client_assertion"), request.parameter("client_assertion_type"));
    let left = || foreign == ForeignIssuers::Leave && kind == Some(ASSERTION_TYPE) && assertion.is_some_and(is_foreign);
    (assertion.is_some() || kind.is_some()) && !left()
}

fn is_foreign(token: &str) -> bool {
    let compact = Compact::decode(token, &mut Report::off());
    compact.is_ok_and(|compact| matches!(compact.names(), (Some(issuer), Some(subject)) if issuer != subject))
}

/// The client that the request claims to come from, unproven; for logs.
pub fn claimed_client(request: &Request<'_>) -> Option<String> {
    let token = request.parameter("client_assertion");
    let named = token.and_then(|token| Compact::decode(token, &mut Report::off()).ok()?.names().1);
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
