//! Who made the token, and about whom: issuer and subject.
//!
//! Of a JWT-SVID the trust domain of the subject is the issuer, whatever `iss` says; that claim is not part of the profile
//! (SPIFFE JWT-SVID section 3).

use dropins_plugin::Shown;
use dropins_plugin::assertion::Claims;

use crate::reason::{Reason, Rejection, Report};
use crate::request::TokenKind;
use crate::spiffe::trust_domain;

/// Issuer and subject, as the configuration names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Party<'c> {
    pub(crate) issuer: &'c str,
    pub(crate) subject: &'c str,
}

impl<'c> Party<'c> {
    /// Reads the claims.
    pub(crate) fn of(claims: &'c Claims<'_>, kind: TokenKind, report: &mut Report) -> Result<Self, Rejection> {
        match kind {
            TokenKind::Bearer => {
                let issuer = claims.text("iss", Reason::IssuerInvalid, report)?;
                Ok(Self { issuer, subject: claims.text("sub", Reason::SubjectInvalid, report)? })
            }
            TokenKind::Spiffe => {
                let subject = claims.get("sub").and_then(|claim| claim.text()).unwrap_or_default();
                let (expected, received) = (format_args!("sub as a SPIFFE ID"), format_args!("{}", Shown(subject)));
                let Some(issuer) = trust_domain(subject) else {
                    return Err(Rejection::new(Reason::SubjectInvalid, expected, received));
                };
                report.passed(Reason::SubjectInvalid, expected, received);
                Ok(Self { issuer, subject })
            }
        }
    }
}
