//! The JOSE header (RFC 7515 section 4), typed.
//!
//! `jku`, `x5u`, `jwk` and `x5c` are ignored: no key comes from the header of an unproven assertion. A member that would
//! change the meaning of the signature (`crit`, `b64`, `enc`, `zip`) is rejected, because no extension is supported.

use std::borrow::Cow;

use dropins_plugin::{Hint, ShownOr};
use dropins_strict_json::{Object, Value};

use crate::algorithm::{Algorithm, AlgorithmSet};
use crate::reason::{Reason, Rejection, Report};
use crate::received::Received;

/// Members whose presence rejects the assertion.
const EXTENSIONS: [&str; 4] = ["crit", "b64", "enc", "zip"];

/// A header that satisfies the rules that need no client.
#[derive(Debug, Clone)]
pub struct Header<'a> {
    /// The signature algorithm.
    pub algorithm: Algorithm,
    /// Whether `typ` says that the assertion is for client authentication and nothing else.
    pub typed: bool,
    /// Key id.
    pub kid: Option<Cow<'a, str>>,
    /// SHA-1 thumbprint of the certificate.
    pub x5t: Option<Cow<'a, str>>,
    /// SHA-256 thumbprint of the certificate.
    pub x5t_s256: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(crate) fn check(mut object: Object<'a>, signature: &[u8], report: &mut Report) -> Result<Self, Rejection> {
        let mut text = |name| member(&mut object, name);
        let (alg, typ, kid) = (text("alg")?, text("typ")?, text("kid")?);
        let (x5t, x5t_s256) = (text("x5t")?, text("x5t#S256")?);

        let received = ShownOr(alg.as_deref(), "no alg");
        report.check(Reason::AlgorithmMissing, alg.is_some(), format_args!("alg"), format_args!("{received}"))?;
        let Some(algorithm) = alg.as_deref().and_then(Algorithm::parse) else {
            let expected = format_args!("one of {}", AlgorithmSet::ALL);
            return Err(Rejection::new(Reason::AlgorithmUnknown, expected, format_args!("{received}")));
        };
        report.passed(
            Reason::AlgorithmUnknown,
            format_args!("one of {}", AlgorithmSet::ALL),
            format_args!("{received}"),
        );
        report.check(
            Reason::SignatureMissing,
            !signature.is_empty(),
            format_args!("a signature"),
            format_args!("{} bytes", signature.len()),
        )?;
        let extension = EXTENSIONS.into_iter().find(|name| object.get(name).is_some());
        report.check(
            Reason::HeaderExtension,
            extension.is_none(),
            format_args!("none of crit, b64, enc, zip"),
            format_args!("{}", extension.unwrap_or("none of them")),
        )?;
        let kind = typ.as_deref().map_or(Some(false), token_type);
        report.check(
            Reason::TokenTypeWrong,
            kind.is_some(),
            format_args!("no typ, \"JWT\" or \"client-authentication+jwt\""),
            format_args!("{}", ShownOr(typ.as_deref(), "no typ")),
        )?;
        Ok(Self { algorithm, typed: kind == Some(true), kid, x5t, x5t_s256 })
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
fn member<'a>(object: &mut Object<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Rejection> {
    match object.take(name) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(other) => Err(Rejection::new(
            Reason::HeaderMemberType,
            format_args!("{name} as a string"),
            format_args!("{}", Received(Some(&other))),
        )),
    }
}

/// Whether a `typ` is specific to client authentication; `None` for another kind of token (RFC 8725 section 3.11).
fn token_type(typ: &str) -> Option<bool> {
    // RFC 7515 section 4.1.9: a media type whose "application/" may be left out, compared without regard to case.
    const PREFIX: &str = "application/";
    let short = match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    };
    let specific = short.eq_ignore_ascii_case("client-authentication+jwt");
    (specific || short.eq_ignore_ascii_case("jwt")).then_some(specific)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_token_types_are_known_in_any_case_and_with_or_without_the_prefix() {
        for typ in ["JWT", "jwt", "application/jwt", "Application/JWT"] {
            assert_eq!(token_type(typ), Some(false), "{typ}");
        }
        for typ in ["client-authentication+jwt", "application/Client-Authentication+JWT"] {
            assert_eq!(token_type(typ), Some(true), "{typ}");
        }
        for typ in ["", "at+jwt", "dpop+jwt", "JOSE", "application/", "application/application/jwt", "text/jwt", "JWT "]
        {
            assert_eq!(token_type(typ), None, "{typ}");
        }
    }
}
