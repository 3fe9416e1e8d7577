//! The JOSE header (RFC 7515 section 4), typed.
//!
//! `jku`, `x5u`, `jwk` and `x5c` are ignored: no key comes from the header of an unproven assertion. A member that would
//! change the meaning of the signature (`crit`, `b64`, `enc`, `zip`) is rejected, because no extension is supported.

use std::borrow::Cow;

use dropins_strict_json::{Object, Value};

use super::algorithm::{Algorithm, AlgorithmSet};
use super::received::Received;
use super::rule::{AssertionReason, AssertionRule};
use crate::rejection::Rejection;
use crate::report::Report;
use crate::services::Hint;
use crate::shown::ShownOr;

/// Members whose presence rejects the assertion.
const EXTENSIONS: [&str; 4] = ["crit", "b64", "enc", "zip"];

/// A header that satisfies the rules that need no client.
#[derive(Debug, Clone)]
pub struct Header<'a> {
    /// The signature algorithm.
    pub algorithm: Algorithm,
    /// Which of the accepted types `typ` names; `None` if it is absent.
    pub typ: Option<&'static str>,
    /// Key id.
    pub kid: Option<Cow<'a, str>>,
    /// SHA-1 thumbprint of the certificate.
    pub x5t: Option<Cow<'a, str>>,
    /// SHA-256 thumbprint of the certificate.
    pub x5t_s256: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(super) fn check<R: AssertionReason>(
        mut object: Object<'a>,
        signature: &[u8],
        types: &[&'static str],
        report: &mut Report<R>,
    ) -> Result<Self, Rejection<R>> {
        let mut text = |name| member(&mut object, name);
        let (alg, typ, kid) = (text("alg")?, text("typ")?, text("kid")?);
        let (x5t, x5t_s256) = (text("x5t")?, text("x5t#S256")?);

        let received = ShownOr(alg.as_deref(), "no alg");
        let missing = AssertionRule::AlgorithmMissing.into();
        report.check(missing, alg.is_some(), format_args!("alg"), format_args!("{received}"))?;
        let Some(algorithm) = alg.as_deref().and_then(Algorithm::parse) else {
            let expected = format_args!("one of {}", AlgorithmSet::ALL);
            return Err(Rejection::new(AssertionRule::AlgorithmUnknown.into(), expected, format_args!("{received}")));
        };
        report.passed(
            AssertionRule::AlgorithmUnknown.into(),
            format_args!("one of {}", AlgorithmSet::ALL),
            format_args!("{received}"),
        );
        report.check(
            AssertionRule::SignatureMissing.into(),
            !signature.is_empty(),
            format_args!("a signature"),
            format_args!("{} bytes", signature.len()),
        )?;
        let extension = EXTENSIONS.into_iter().find(|name| object.get(name).is_some());
        report.check(
            AssertionRule::HeaderExtension.into(),
            extension.is_none(),
            format_args!("none of crit, b64, enc, zip"),
            format_args!("{}", extension.unwrap_or("none of them")),
        )?;
        let known = typ.as_deref().and_then(|typ| token_type(typ, types));
        report.check(
            AssertionRule::TokenTypeWrong.into(),
            typ.is_none() || known.is_some(),
            format_args!("no typ or one of {}", types.join(", ")),
            format_args!("{}", ShownOr(typ.as_deref(), "no typ")),
        )?;
        Ok(Self { algorithm, typ: known, kid, x5t, x5t_s256 })
    }

    /// What the header says about the signing key.
    pub fn hint(&self) -> Hint<'_> {
        Hint {
            kid: self.kid.as_deref(),
            x5t: self.x5t.as_deref(),
            x5t_s256: self.x5t_s256.as_deref(),
            algorithm: self.algorithm.name(),
        }
    }
}

/// The text of an optional member.
fn member<'a, R: AssertionReason>(object: &mut Object<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Rejection<R>> {
    match object.take(name) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(other) => Err(Rejection::new(
            AssertionRule::HeaderMemberType.into(),
            format_args!("{name} as a string"),
            format_args!("{}", Received(Some(&other))),
        )),
    }
}

/// Which of the types a `typ` names; `None` for another kind of token (RFC 8725 section 3.11).
fn token_type(typ: &str, types: &[&'static str]) -> Option<&'static str> {
    // RFC 7515 section 4.1.9: a media type whose "application/" may be left out, compared without regard to case.
    const PREFIX: &str = "application/";
    let short = match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    };
    types.iter().copied().find(|known| short.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_type_is_known_in_any_case_and_with_or_without_the_prefix() {
        let token_type = |typ| token_type(typ, &["JWT", "client-authentication+jwt"]);
        for typ in ["JWT", "jwt", "application/jwt", "Application/JWT"] {
            assert_eq!(token_type(typ), Some("JWT"), "{typ}");
        }
        for typ in ["client-authentication+jwt", "application/Client-Authentication+JWT"] {
            assert_eq!(token_type(typ), Some("client-authentication+jwt"), "{typ}");
        }
        for typ in ["", "at+jwt", "dpop+jwt", "JOSE", "application/", "application/application/jwt", "text/jwt", "JWT "]
        {
            assert_eq!(token_type(typ), None, "{typ}");
        }
    }
}
