//! From a request to an authenticated client, rule by rule: signature first, then the client, then claims.
//!
//! What may be used once is a condition that the host settles last. What may be used again is valid until the token
//! expires, and so is what is issued for it.

use dropins_plugin::assertion::{
    Assertion, Audience, Compact, Demand, JWT_BEARER, JWT_SPIFFE, Lifetime, Memory, TimeLimits, read_assertion,
};
use dropins_plugin::{Authenticated, Client, Condition, Registration, Request, Requirement, Services, Shown, ShownOr};

use crate::issuer::{IssuerKind, IssuerSettings};
use crate::party::Party;
use crate::policy::Policy;
use crate::reason::{Reason, Refusal, Rejection, Report};
use crate::request::TokenKind;
use crate::verify::signing_key;

/// The methods of clients that are known by subjects; a client without a method has that of its token.
pub(crate) const METHODS: [&str; 2] = [BEARER, SPIFFE];
const BEARER: &str = "private_key_jwt";
const SPIFFE: &str = "spiffe_jwt";

/// Judges a request that is of this plug-in's kind.
///
/// # Errors
/// [`Refusal`] for the first broken rule, or when a required part is down.
pub fn judge(
    request: &Request<'_>,
    policy: &Policy,
    services: &Services<'_>,
    report: &mut Report,
) -> Result<Authenticated<Reason>, Refusal> {
    let kind = TokenKind::of(request).unwrap_or(TokenKind::Bearer);
    let compact = Compact::decode(read_assertion(request, &[JWT_BEARER, JWT_SPIFFE], report)?, report)?;
    let assertion = Assertion::parse(&compact, types(kind), report)?;
    let Assertion { header, claims, .. } = &assertion;
    let party = Party::of(claims, kind, report)?;
    policy.algorithms.check(header.algorithm, report)?;
    let key = signing_key(&assertion, party.issuer, services, report)?;
    let (registration, issuer) = registration(&party, services, report)?;
    let method = fits(&registration, &issuer, kind, &assertion, request, report)?;
    // This server alone, so that a token for another server cannot be forwarded to this one.
    Audience { demand: Demand::IssuerOnly, request, aliases: &[] }.check(claims, "", report)?;
    let limits = time_limits(policy, &issuer);
    let lifetime = Lifetime::check(claims, &limits, request.now, report)?;
    let jti = claims.jti(!issuer.allow_reuse, report)?;
    let condition = match jti.filter(|_| !issuer.allow_reuse) {
        Some(jti) => lifetime.unused(jti, &limits, Memory { cached: policy.cache_jti, retry_window: 0 }, report),
        None => not_after(&lifetime, report),
    };
    let mut attributes = assertion.facts(key);
    attributes.extend([("iss", party.issuer.to_owned()), ("sub", party.subject.to_owned())]);
    attributes.extend(jti.map(|jti| ("jti", jti.to_owned())));
    Ok(Authenticated { client: Client { id: registration.id, method, attributes }, conditions: vec![condition] })
}

/// The values of `typ` that are allowed besides none.
fn types(kind: TokenKind) -> &'static [&'static str] {
    match kind {
        TokenKind::Bearer => &["JWT", "client-authentication+jwt"],
        // SPIFFE JWT-SVID section 2.4.
        TokenKind::Spiffe => &["JWT", "JOSE"],
    }
}

fn time_limits(policy: &Policy, issuer: &IssuerSettings) -> TimeLimits {
    let longest_lifetime = issuer.max_lifetime.as_secs() * 1000;
    TimeLimits {
        clock_skew: policy.clock_skew,
        leniency_ahead: policy.clock_skew,
        longest_lifetime,
        since_issue: true,
        // A token that has neither expired nor lives too long is no older.
        reject_before: longest_lifetime + policy.clock_skew,
    }
}

/// The client that is known by the subject, and what the tokens of its issuer must satisfy.
fn registration(
    party: &Party<'_>,
    services: &Services<'_>,
    report: &mut Report,
) -> Result<(Registration, IssuerSettings), Refusal> {
    let Party { issuer, subject } = *party;
    let found = services.clients.lookup_subject(issuer, subject).map_err(Refusal::Unavailable)?;
    let expected = format_args!("a client that is known by a subject of {}", Shown(issuer));
    let Some(registration) = found else {
        return Err(Rejection::new(Reason::UnknownSubject, expected, format_args!("{}", Shown(subject))).into());
    };
    report.passed(Reason::UnknownSubject, expected, format_args!("{}", Shown(subject)));
    let issuer = IssuerSettings::of(&registration)
        .map_err(|setting| Refusal::Unavailable(format!("configuration: {setting} of the trusted issuer")))?;
    Ok((registration, issuer))
}

/// Whether token and request fit issuer and client; returns the method of the client.
fn fits(
    registration: &Registration,
    issuer: &IssuerSettings,
    kind: TokenKind,
    assertion: &Assertion<'_>,
    request: &Request<'_>,
    report: &mut Report,
) -> Result<&'static str, Rejection> {
    let (expected, own) = match issuer.kind {
        IssuerKind::Oidc => ("the type jwt-bearer", TokenKind::Bearer),
        IssuerKind::Spiffe => ("the type jwt-spiffe", TokenKind::Spiffe),
    };
    let (received, default) = match kind {
        TokenKind::Bearer => ("the type jwt-bearer", BEARER),
        TokenKind::Spiffe => ("the type jwt-spiffe", SPIFFE),
    };
    report.check(Reason::IssuerKindWrong, kind == own, format_args!("{expected}"), format_args!("{received}"))?;
    let (id, parameter) = (registration.id.as_str(), request.parameter("client_id"));
    report.check(
        Reason::ClientIdMismatch,
        parameter.is_none_or(|parameter| parameter == id),
        format_args!("client_id absent or {}", Shown(id)),
        format_args!("{}", ShownOr(parameter, "no client_id")),
    )?;
    let registered = registration.auth_method.as_deref();
    let method = registered.map_or(Some(default), |name| METHODS.into_iter().find(|method| *method == name));
    report.check(
        Reason::MethodNotRegistered,
        method.is_some(),
        format_args!("a client registered for {BEARER}, {SPIFFE} or no method"),
        format_args!("{}", ShownOr(registered, "no registered method")),
    )?;
    assertion.header.algorithm.check_registered(registration, report)?;
    Ok(method.unwrap_or(default))
}

/// The condition that the token has not expired, which bounds what is issued for it.
fn not_after(lifetime: &Lifetime, report: &mut Report) -> Condition<Reason> {
    report.passed(Reason::Replayed, format_args!("a token that may be used again"), format_args!("one"));
    Condition { reason: Reason::Expired, requirement: Requirement::NotAfter(lifetime.expiry.seconds()) }
}
