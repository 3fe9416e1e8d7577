//! The signature: finds a key of the issuer that verifies it.
//!
//! An issuer that is not trusted costs as much time as a wrong signature. A key that its issuer replaced under its `kid` is
//! found at the first request.

use dropins_plugin::assertion::{Assertion, replacements};
use dropins_plugin::{KeyDescription, LookupError, PublicKey, Services, Shown, ShownOr};

use crate::reason::{Reason, Refusal, Rejection, Report};

/// The largest number of keys that one token is checked against.
const MAX_CANDIDATES: usize = 8;

/// The key of the issuer that verifies the signature.
pub(crate) fn signing_key(
    assertion: &Assertion<'_>,
    issuer: &str,
    services: &Services<'_>,
    report: &mut Report,
) -> Result<KeyDescription, Refusal> {
    let keys = candidates(assertion, issuer, services, report).inspect_err(|_| {
        if let Some(decoy) = services.keys.decoy(assertion.header.algorithm.name()) {
            let _ = assertion.verify(decoy.as_ref());
        }
    })?;
    let key = first(assertion, &keys).or_else(|rejection| {
        let again = || services.keys.of_issuer(issuer, &assertion.header.hint()).unwrap_or_default();
        let newer = if rejection.reason == Reason::SignatureInvalid { replacements(&keys, again) } else { Vec::new() };
        if newer.is_empty() { Err(rejection) } else { first(assertion, &newer) }
    })?;
    let expected = format_args!("a signature by a key of the issuer");
    report.passed(Reason::SignatureInvalid, expected, format_args!("one by {} from {}", key.thumbprint, key.source));
    Ok(key)
}

fn candidates(
    assertion: &Assertion<'_>,
    issuer: &str,
    services: &Services<'_>,
    report: &mut Report,
) -> Result<Vec<Box<dyn PublicKey>>, Refusal> {
    let (hint, expected) = (assertion.header.hint(), format_args!("a trusted issuer whose keys can be had"));
    let keys = services.keys.of_issuer(issuer, &hint).map_err(|error| match error {
        LookupError::Unavailable(part) => Refusal::Unavailable(part),
        LookupError::Unusable(why) => {
            let received = format_args!("{}: {why}", Shown(issuer));
            Rejection::new(Reason::IssuerKeysUnusable, expected, received).into()
        }
    })?;
    report.passed(Reason::IssuerKeysUnusable, expected, format_args!("{}", Shown(issuer)));
    report.check(
        Reason::NoMatchingKey,
        !keys.is_empty(),
        format_args!("a key of the issuer for kid {} and alg {}", ShownOr(hint.kid, "(none)"), hint.algorithm),
        format_args!("{} that fit", keys.len()),
    )?;
    Ok(keys)
}

/// The first key that verifies the signature.
fn first(assertion: &Assertion<'_>, keys: &[Box<dyn PublicKey>]) -> Result<KeyDescription, Rejection> {
    let keys = keys.get(..MAX_CANDIDATES).unwrap_or(keys);
    let (mut wrong, mut mismatch) = (false, None);
    for key in keys {
        match assertion.verify(key.as_ref()) {
            Ok(true) => return Ok(key.describe()),
            Ok(false) => wrong = true,
            Err(unsupported) => mismatch = Some(unsupported),
        }
    }
    Err(match mismatch {
        Some(mismatch) if !wrong => {
            Rejection::new(Reason::KeyUnsupported, format_args!("a key for the signature"), format_args!("{mismatch}"))
        }
        _ => Rejection::new(
            Reason::SignatureInvalid,
            format_args!("a signature by a key of the issuer"),
            format_args!("a signature that is wrong under {} of its keys that fit", keys.len()),
        ),
    })
}
