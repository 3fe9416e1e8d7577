//! The audience: whether the assertion is meant for this server.
//!
//! Audiences are compared as exact strings with configured URLs, never with anything taken from the request, so that
//! an assertion made for another server cannot be forwarded to this one (draft-ietf-oauth-rfc7523bis).

use std::fmt;

use dropins_plugin::{Request, Shown};
use dropins_strict_json::Value;

use crate::claims::Claims;
use crate::header::Header;
use crate::policy::{AudienceMode, AudienceReport, Policy, Profile};
use crate::reason::{Reason, Rejection, Report};
use crate::received::Received;

/// Which audiences satisfy a policy, for one kind of assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// The issuer as a JSON string (FAPI 2.0 Security Profile section 5.3.2.1).
    IssuerAsString,
    /// The issuer and nothing else.
    IssuerOnly,
    /// Nothing but names of ours.
    Every,
    /// At least one name of ours.
    Any,
}

impl Demand {
    fn of(policy: &Policy, header: &Header<'_>) -> Self {
        match (policy.profile, policy.audience_mode) {
            (Profile::Fapi2, _) => Self::IssuerAsString,
            (_, AudienceMode::Strict) => Self::IssuerOnly,
            (_, AudienceMode::Auto) if header.typed => Self::IssuerOnly,
            (_, AudienceMode::Auto) => Self::Every,
            (_, AudienceMode::Legacy) => Self::Any,
        }
    }

    /// Whether the claim satisfies it.
    fn holds(self, claim: Option<&Value<'_>>, request: &Request<'_>, policy: &Policy) -> bool {
        let issuer = |audience: &str| audience == request.issuer;
        let ours = |audience: &str| {
            [request.issuer, request.token_endpoint, request.endpoint].contains(&audience)
                || policy.aliases.iter().any(|alias| alias == audience)
        };
        let (one, many) = match claim {
            Some(Value::Text(text)) => (Some(text.as_ref()), &[][..]),
            Some(Value::List(values)) => (None, values.as_slice()),
            _ => (None, &[][..]),
        };
        let mut audiences = one.into_iter().chain(many.iter().filter_map(Value::text));
        match self {
            Self::IssuerAsString => one.is_some_and(issuer),
            Self::IssuerOnly => audiences.next().is_some_and(issuer) && audiences.next().is_none(),
            Self::Every => audiences.all(ours),
            Self::Any => audiences.any(ours),
        }
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

/// Applies the rules of `aud`; the audience is returned where the policy asks for a report.
pub(crate) fn check(
    claims: &Claims<'_>,
    header: &Header<'_>,
    request: &Request<'_>,
    policy: &Policy,
    report: &mut Report,
) -> Result<Option<SentAudience>, Rejection> {
    let claim = claims.get("aud");
    report.check(
        Reason::AudienceInvalid,
        match claim {
            Some(Value::Text(_)) => true,
            Some(Value::List(values)) => !values.is_empty() && values.iter().all(|value| value.text().is_some()),
            _ => false,
        },
        format_args!("a string or a non-empty array of strings"),
        format_args!("{}", Received(claim)),
    )?;
    let demand = Demand::of(policy, header);
    let expected = Expected { demand, request, policy };
    let holds = |demand: Demand| demand.holds(claim, request, policy);
    let sent = (policy.audience_report == AudienceReport::Strict)
        .then(|| SentAudience { received: Received(claim).to_string(), strict: holds(Demand::IssuerOnly) });
    let note = if sent.as_ref().is_some_and(|sent| !sent.strict) { "; AudienceMode = strict rejects it" } else { "" };
    report.check(
        Reason::AudienceMismatch,
        holds(demand),
        format_args!("{expected}"),
        format_args!("{}{note}", Received(claim)),
    )?;
    Ok(sent)
}

/// Says what is demanded.
struct Expected<'a> {
    demand: Demand,
    request: &'a Request<'a>,
    policy: &'a Policy,
}

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { issuer, token_endpoint, endpoint, .. } = *self.request;
        match self.demand {
            Demand::IssuerAsString => return write!(f, "{} as a string, not in an array", Shown(issuer)),
            Demand::IssuerOnly => return write!(f, "{} and nothing else", Shown(issuer)),
            Demand::Every => f.write_str("only values of")?,
            Demand::Any => f.write_str("at least one of")?,
        }
        write!(f, " {}, {}", Shown(issuer), Shown(token_endpoint))?;
        if endpoint != token_endpoint {
            write!(f, ", {}", Shown(endpoint))?;
        }
        self.policy.aliases.iter().try_for_each(|alias| write!(f, ", {}", Shown(alias)))
    }
}
