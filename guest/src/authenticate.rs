//! From a request to an authenticated client, rule by rule.
//!
//! An unknown client costs as much time as a wrong signature: if no key is found, the signature is verified against a
//! decoy. Claims are judged after the signature. That the `jti` is unused is a condition of the verdict, which the host
//! settles last, so a rejected assertion never consumes its `jti`.

use std::borrow::Cow;

use dropins_plugin::assertion::{Algorithm, Assertion, Compact, JWT_BEARER, Lifetime, read_assertion, replacements};
use dropins_plugin::{
    Authenticated, Client, LookupError, PublicKey, Registration, Request, Services, Shown, ShownOr, joined,
};

use crate::audience::{self, SentAudience};
use crate::claims::client_id;
use crate::policy::{Policy, Verification};
use crate::reason::{Reason, Refusal, Rejection, Report};
use crate::request::TYPES;
use crate::verify::{signing_key, verify};

/// The client authentication method (OpenID Connect Core section 9).
pub const METHOD: &str = "private_key_jwt";

/// Judges a request: parameters, form of the assertion, and then [`authenticate`].
///
/// # Errors
/// [`Refusal`] for the first broken rule, or when a required part is down.
pub fn judge(
    request: &Request<'_>,
    policy: &Policy,
    services: &Services<'_>,
    report: &mut Report,
) -> Result<Authenticated<Reason>, Refusal> {
    let compact = Compact::decode(read_assertion(request, &[JWT_BEARER], report)?, report)?;
    let assertion = Assertion::parse(&compact, &TYPES, report)?;
    authenticate(&assertion, request, policy, services, report)
}

/// Authenticates the client of a well-formed assertion.
///
/// # Errors
/// [`Refusal`] for the first broken rule, or when a required part is down.
pub fn authenticate(
    assertion: &Assertion<'_>,
    request: &Request<'_>,
    policy: &Policy,
    services: &Services<'_>,
    report: &mut Report,
) -> Result<Authenticated<Reason>, Refusal> {
    let Assertion { header, claims, .. } = assertion;
    let client_id = client_id(claims, request.parameter("client_id"), report)?;
    let (policy, keys) = match find_keys(client_id, assertion, policy, services, report) {
        Ok(found) => found,
        Err(refusal) => {
            // An attacker must not learn from the time whether a client is known.
            if let Some(decoy) = services.keys.decoy(header.algorithm.name()) {
                let _ = verify(assertion, decoy.as_ref(), policy.verification);
            }
            return Err(refusal);
        }
    };
    let key = match signing_key(assertion, &keys, &policy, request.now, services.log, report) {
        Err(rejection) if rejection.reason == Reason::SignatureInvalid => {
            let newer = newer_keys(client_id, assertion, &keys, &policy, services);
            if newer.is_empty() {
                return Err(rejection.into());
            }
            signing_key(assertion, &newer, &policy, request.now, services.log, report)?
        }
        found => found?,
    };
    let audience = audience::check(assertion, request, &policy, report)?;
    let limits = policy.time_limits();
    let lifetime = Lifetime::check(claims, &limits, request.now, report)?;
    let jti = claims.jti(policy.requires_jti(), report)?;
    let once = jti.filter(|_| policy.prevent_token_reuse);
    let mut attributes = assertion.facts(key);
    attributes.extend(jti.map(|jti| ("jti", jti.to_owned())));
    attributes.extend(audience.into_iter().flat_map(SentAudience::facts));
    Ok(Authenticated {
        client: Client { id: client_id.to_owned(), method: METHOD, attributes },
        conditions: once.map(|jti| lifetime.unused(jti, &limits, policy.memory(), report)).into_iter().collect(),
    })
}

type Found<'a> = (Cow<'a, Policy>, Vec<Box<dyn PublicKey>>);

/// Looks the client up and finds the keys that may have signed.
fn find_keys<'a>(
    client_id: &str,
    assertion: &Assertion<'_>,
    policy: &'a Policy,
    services: &Services<'_>,
    report: &mut Report,
) -> Result<Found<'a>, Refusal> {
    let registration = services.clients.lookup(client_id).map_err(Refusal::Unavailable)?;
    let Some(registration) = registration else {
        let expected = format_args!("a registered and enabled client");
        return Err(Rejection::new(Reason::UnknownClient, expected, format_args!("{}", Shown(client_id))).into());
    };
    report.passed(
        Reason::UnknownClient,
        format_args!("a registered and enabled client"),
        format_args!("{}", Shown(client_id)),
    );
    let policy = check_registration(&registration, assertion.header.algorithm, policy, report)?;
    let hint = assertion.header.hint();
    let keys = services.keys.candidates(client_id, &hint).map_err(|error| match error {
        LookupError::Unavailable(part) => Refusal::Unavailable(part),
        LookupError::Unusable(why) => {
            let expected = format_args!("keys that can be had and used");
            Rejection::new(Reason::KeysUnusable, expected, format_args!("{why}")).into()
        }
    })?;
    report.check(
        Reason::NoMatchingKey,
        !keys.is_empty(),
        format_args!("a key for kid {} and alg {}", ShownOr(hint.kid, "(none)"), hint.algorithm),
        format_args!("{} that fit", keys.len()),
    )?;
    Ok((policy, keys))
}

/// Keys that a client's JWKS URI publishes in place of those that failed to verify the signature.
fn newer_keys(
    client_id: &str,
    assertion: &Assertion<'_>,
    tried: &[Box<dyn PublicKey>],
    policy: &Policy,
    services: &Services<'_>,
) -> Vec<Box<dyn PublicKey>> {
    replacements(tried, || {
        if policy.verification == Verification::Guest {
            // Only its own verifier tells the host that a published key failed.
            tried.iter().for_each(|key| drop(verify(assertion, key.as_ref(), Verification::Host)));
        }
        services.keys.candidates(client_id, &assertion.header.hint()).unwrap_or_default()
    })
}

/// Applies what is registered about the client: method, own settings, algorithm.
fn check_registration<'a>(
    registration: &Registration,
    algorithm: Algorithm,
    policy: &'a Policy,
    report: &mut Report,
) -> Result<Cow<'a, Policy>, Rejection> {
    let method = registration.auth_method.as_deref();
    report.check(
        Reason::MethodNotRegistered,
        method.is_none_or(|method| method == METHOD),
        format_args!("a client registered for {METHOD}"),
        format_args!("{}", ShownOr(method, "no registered method")),
    )?;
    let policy = if registration.settings.is_empty() {
        Cow::Borrowed(policy)
    } else {
        Cow::Owned(policy.with_overrides(&registration.settings).map_err(|problems| {
            let (expected, received) = (format_args!("good settings"), joined(&problems));
            Rejection::new(Reason::ClientSettingsInvalid, expected, format_args!("{received}"))
        })?)
    };
    policy.algorithms().check(algorithm, report)?;
    algorithm.check_registered(registration, report)?;
    Ok(policy)
}
