//! The claims of an assertion (RFC 7523 section 3): whom it names, and its identifier.
//!
//! A claim of the wrong JSON type is an error, never "absent". Other claims are ignored and never grant anything.

use dropins_plugin::{Shown, ShownOr};
use dropins_strict_json::{Object, Value};

use crate::policy::Policy;
use crate::reason::{Reason, Rejection, Report};
use crate::received::Received;

/// The longest `jti`, in bytes; it is stored as it is.
const LONGEST_JTI: usize = 255;

/// The claims, still of any type.
#[derive(Debug, Clone)]
pub struct Claims<'a>(Object<'a>);

impl<'a> Claims<'a> {
    pub(crate) fn new(object: Object<'a>) -> Self {
        Self(object)
    }

    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.get(name)
    }

    /// The client that the assertion claims to come from: `sub`, which `iss` and the parameter `client_id` must equal.
    pub(crate) fn client_id(&self, parameter: Option<&str>, report: &mut Report) -> Result<&str, Rejection> {
        let issuer = self.named("iss", Reason::IssuerInvalid, report)?;
        let subject = self.named("sub", Reason::SubjectInvalid, report)?;
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

    fn named(&self, name: &str, reason: Reason, report: &mut Report) -> Result<&str, Rejection> {
        let text = self.get(name).and_then(Value::text).unwrap_or_default();
        report.check(
            reason,
            !text.is_empty(),
            format_args!("{name} as a non-empty string"),
            format_args!("{}", Received(self.get(name))),
        )?;
        Ok(text)
    }

    /// The identifier of the assertion, when it has one.
    pub(crate) fn jti(&self, policy: &Policy, report: &mut Report) -> Result<Option<&str>, Rejection> {
        let claim = self.get("jti");
        report.check(
            Reason::JtiMissing,
            claim.is_some() || !policy.requires_jti(),
            format_args!("{}", if policy.requires_jti() { "jti" } else { "jti or none" }),
            format_args!("{}", Received(claim)),
        )?;
        let jti = claim.and_then(Value::text);
        report.check(
            Reason::JtiInvalid,
            claim.is_none() || jti.is_some_and(|jti| (1..=LONGEST_JTI).contains(&jti.len())),
            format_args!("a string of 1 to {LONGEST_JTI} bytes"),
            format_args!("{}, {} bytes", Received(claim), jti.unwrap_or_default().len()),
        )?;
        Ok(jti)
    }
}
