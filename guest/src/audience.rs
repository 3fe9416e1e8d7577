//! The audience: whether the assertion is meant for this server.
//!
//! Audiences are compared as exact strings with configured URLs, never with anything taken from the request, so that
//! an assertion made for another server cannot be forwarded to this one (draft-ietf-oauth-rfc7523bis).

use std::fmt;

use dropins_plugin::{Request, Shown};
use dropins_strict_json::Value;

use crate::claims::Claims;
use crate::header::Header;
use crate::policy::{AudienceMode, Policy, Profile};
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
            (Profile::None, AudienceMode::Strict) => Self::IssuerOnly,
            (Profile::None, AudienceMode::Auto) if header.typed => Self::IssuerOnly,
            (Profile::None, AudienceMode::Auto) => Self::Every,
            (Profile::None, AudienceMode::Legacy) => Self::Any,
        }
    }
}

/// Applies the rules of `aud`.
pub(crate) fn check(
    claims: &Claims<'_>,
    header: &Header<'_>,
    request: &Request<'_>,
    policy: &Policy,
    report: &mut Report,
) -> Result<(), Rejection> {
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
    let holds = match demand {
        Demand::IssuerAsString => one.is_some_and(issuer),
        Demand::IssuerOnly => audiences.next().is_some_and(issuer) && audiences.next().is_none(),
        Demand::Every => audiences.all(ours),
        Demand::Any => audiences.any(ours),
    };
    let expected = Expected { demand, request, policy };
    report.check(Reason::AudienceMismatch, holds, format_args!("{expected}"), format_args!("{}", Received(claim)))
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
