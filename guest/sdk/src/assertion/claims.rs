//! The claims of an assertion (RFC 7519 section 4).
//!
//! A claim of the wrong JSON type is an error, never "absent". Claims that no rule reads are ignored and never grant
//! anything.

use dropins_strict_json::{Object, Value};

use super::received::Received;
use super::rule::{AssertionReason, AssertionRule};
use crate::rejection::Rejection;
use crate::report::Report;
use crate::rule::Reason;

/// The longest `jti`, in bytes; it is stored as it is.
pub const LONGEST_JTI: usize = 255;

/// The claims, still of any type.
#[derive(Debug, Clone)]
pub struct Claims<'a>(Object<'a>);

impl<'a> Claims<'a> {
    pub(super) fn new(object: Object<'a>) -> Self {
        Self(object)
    }

    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.get(name)
    }

    /// A claim that must be a non-empty string.
    ///
    /// # Errors
    /// [`Rejection`] with this reason if it is absent, empty, or of another type.
    pub fn text<R: Reason>(&self, name: &str, reason: R, report: &mut Report<R>) -> Result<&str, Rejection<R>> {
        let text = self.get(name).and_then(Value::text).unwrap_or_default();
        report.check(
            reason,
            !text.is_empty(),
            format_args!("{name} as a non-empty string"),
            format_args!("{}", Received(self.get(name))),
        )?;
        Ok(text)
    }

    /// The identifier `jti`; `None` if it is absent and not required.
    ///
    /// # Errors
    /// [`Rejection`] if it is required and absent, or not a string of 1 to [`LONGEST_JTI`] bytes.
    pub fn jti<R: AssertionReason>(
        &self,
        required: bool,
        report: &mut Report<R>,
    ) -> Result<Option<&str>, Rejection<R>> {
        let claim = self.get("jti");
        report.check(
            AssertionRule::JtiMissing.into(),
            claim.is_some() || !required,
            format_args!("{}", if required { "jti" } else { "jti or none" }),
            format_args!("{}", Received(claim)),
        )?;
        let jti = claim.and_then(Value::text);
        report.check(
            AssertionRule::JtiInvalid.into(),
            claim.is_none() || jti.is_some_and(|jti| (1..=LONGEST_JTI).contains(&jti.len())),
            format_args!("a string of 1 to {LONGEST_JTI} bytes"),
            format_args!("{}, {} bytes", Received(claim), jti.unwrap_or_default().len()),
        )?;
        Ok(jti)
    }
}
