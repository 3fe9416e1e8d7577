//! Whom an assertion names (RFC 7523 section 3).

use dropins_plugin::assertion::Claims;
use dropins_plugin::{Shown, ShownOr};

use crate::reason::{Reason, Rejection, Report};

/// The client that the assertion claims to come from: `sub`, which `iss` and the parameter `client_id` must equal.
pub(crate) fn client_id<'a>(
    claims: &'a Claims<'_>,
    parameter: Option<&str>,
    report: &mut Report,
) -> Result<&'a str, Rejection> {
    let issuer = claims.text("iss", Reason::IssuerInvalid, report)?;
    let subject = claims.text("sub", Reason::SubjectInvalid, report)?;
    report.check(
        Reason::IssuerSubjectMismatch,
        issuer == subject,
        format_args!("iss equal to sub, {}", Shown(subject)),
        format_args!("iss {}", Shown(issuer)),
    )?;
    report.check(
        Reason::ClientIdMismatch,
        parameter.is_none_or(|parameter| parameter == subject),
        format_args!("client_id absent or {}", Shown(subject)),
        format_args!("{}", ShownOr(parameter, "no client_id")),
    )?;
    Ok(subject)
}
