//! The signature: finds a key of the client that verifies it and is valid now.
//!
//! The signature is verified before the validity of a certificate is judged, so only the holder of the key learns
//! of its expiry. Where the policy says so, jwt-simple verifies inside the component instead of the host; both give the
//! same verdict.

use std::fmt;

use dropins_plugin::assertion::Assertion;
use dropins_plugin::{KeyDescription, Log, PublicKey, Unsupported};

use crate::policy::{CertificateValidity, Policy, Verification};
use crate::reason::{Reason, Rejection, Report};
use crate::verify_in_guest::verify_in_guest;

/// The largest number of keys that one assertion is checked against.
const MAX_CANDIDATES: usize = 8;

/// Verifies the signature with one key.
pub(crate) fn verify(
    assertion: &Assertion<'_>,
    key: &dyn PublicKey,
    verification: Verification,
) -> Result<bool, Unsupported> {
    match verification {
        Verification::Host => assertion.verify(key),
        Verification::Guest => {
            let (algorithm, message) = (assertion.header.algorithm, assertion.signing_input.as_bytes());
            verify_in_guest(&key.jwk(), algorithm, message, assertion.signature)
        }
    }
}

/// The first key that verifies the signature and is valid at this time.
pub(crate) fn signing_key(
    assertion: &Assertion<'_>,
    keys: &[Box<dyn PublicKey>],
    policy: &Policy,
    now: u64,
    log: &dyn Log,
    report: &mut Report,
) -> Result<KeyDescription, Rejection> {
    let keys = keys.get(..MAX_CANDIDATES).unwrap_or(keys);
    let (mut wrong, mut mismatch, mut outside) = (0, None, None);
    for key in keys {
        match verify(assertion, key.as_ref(), policy.verification) {
            Ok(false) => wrong += 1,
            Err(unsupported) => mismatch = Some(unsupported),
            Ok(true) => {
                let description = key.describe();
                let validity = Validity::of(&description, now);
                match (validity.broken(), policy.certificate_validity) {
                    (None, _) | (_, CertificateValidity::Ignore) => {}
                    (Some(_), CertificateValidity::Warn) => {
                        let KeyDescription { source, thumbprint, .. } = &description;
                        log.warn(&format!("key {thumbprint} from {source}: certificate {validity}; accepted by CertificateValidity = warn"));
                    }
                    (Some(reason), CertificateValidity::Enforce) => {
                        outside.get_or_insert((reason, validity));
                        continue;
                    }
                }
                passed(&description, validity, report);
                return Ok(description);
            }
        }
    }
    Err(match (outside, mismatch) {
        (Some((reason, validity)), _) => {
            Rejection::new(reason, format_args!("a certificate that is valid now"), format_args!("one {validity}"))
        }
        (None, Some(mismatch)) if wrong == 0 => {
            Rejection::new(Reason::KeyUnsupported, format_args!("a key for the signature"), format_args!("{mismatch}"))
        }
        _ => Rejection::new(
            Reason::SignatureInvalid,
            format_args!("a signature by a key of the client"),
            format_args!("a signature that is wrong under {} of its keys that fit", keys.len()),
        ),
    })
}

fn passed(key: &KeyDescription, validity: Validity, report: &mut Report) {
    let KeyDescription { thumbprint, source, .. } = key;
    let expected = format_args!("a signature by a key of the client");
    report.passed(Reason::SignatureInvalid, expected, format_args!("one by {thumbprint} from {source}"));
    for reason in [Reason::CertificateNotYetValid, Reason::CertificateExpired] {
        report.passed(
            reason,
            format_args!("a certificate that is valid now, or none"),
            format_args!("a key {validity}"),
        );
    }
}

/// The validity of a key's certificate (RFC 5280 section 4.1.2.5: both ends included), judged in whole seconds.
#[derive(Debug, Clone, Copy)]
struct Validity {
    not_before: Option<i64>,
    not_after: Option<i64>,
    now: i64,
}

impl Validity {
    fn of(key: &KeyDescription, now: u64) -> Self {
        let now = i64::try_from(now / 1000).unwrap_or(i64::MAX);
        Self { not_before: key.not_before, not_after: key.not_after, now }
    }

    fn broken(self) -> Option<Reason> {
        if self.not_before.is_some_and(|start| self.now < start) {
            Some(Reason::CertificateNotYetValid)
        } else if self.not_after.is_some_and(|end| self.now > end) {
            Some(Reason::CertificateExpired)
        } else {
            None
        }
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.not_before, self.not_after) {
            (None, None) => return f.write_str("without a validity period"),
            (Some(start), Some(end)) => write!(f, "valid from {start} to {end}")?,
            (Some(start), None) => write!(f, "valid from {start}")?,
            (None, Some(end)) => write!(f, "valid to {end}")?,
        }
        write!(f, ", now {}", self.now)
    }
}
