//! The audience that a policy demands, and the report about audiences that its strict mode would reject.

use dropins_plugin::Request;
use dropins_plugin::assertion::{Assertion, Audience, Demand, Header, Received};

use crate::policy::{AudienceMode, AudienceReport, Policy, Profile};
use crate::reason::{Rejection, Report};
use crate::request::TYPED;

/// What the policy demands of one kind of assertion.
fn demand(policy: &Policy, header: &Header<'_>) -> Demand {
    match (policy.profile, policy.audience_mode) {
        (Profile::Fapi2, _) => Demand::IssuerAsString,
        (_, AudienceMode::Strict) => Demand::IssuerOnly,
        (_, AudienceMode::Auto) if header.typ == Some(TYPED) => Demand::IssuerOnly,
        (_, AudienceMode::Auto) => Demand::Every,
        (_, AudienceMode::Legacy) => Demand::Any,
    }
}

/// What an assertion sent as `aud`, for the operator who prepares the strict mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentAudience {
    /// The claim, shortened.
    pub received: String,
    /// Whether [`AudienceMode::Strict`] accepts it.
    pub strict: bool,
}

impl SentAudience {
    /// The facts for the audit log.
    pub(crate) fn facts(self) -> [(&'static str, String); 2] {
        [("aud", self.received), ("aud_strict", if self.strict { "accepted" } else { "rejected" }.to_owned())]
    }
}

/// Applies the rules of `aud`; the audience is returned where the policy asks for a report.
pub(crate) fn check(
    assertion: &Assertion<'_>,
    request: &Request<'_>,
    policy: &Policy,
    report: &mut Report,
) -> Result<Option<SentAudience>, Rejection> {
    let claim = assertion.claims.get("aud");
    let audience = Audience { demand: demand(policy, &assertion.header), request, aliases: &policy.aliases };
    let strict = Audience { demand: Demand::IssuerOnly, ..audience };
    let sent = (policy.audience_report == AudienceReport::Strict)
        .then(|| SentAudience { received: Received(claim).to_string(), strict: strict.holds(claim) });
    let note = if sent.as_ref().is_some_and(|sent| !sent.strict) { "; AudienceMode = strict rejects it" } else { "" };
    audience.check(&assertion.claims, note, report)?;
    Ok(sent)
}
