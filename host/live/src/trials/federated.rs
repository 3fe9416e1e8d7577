//! Trials for `federated_jwt_authenticator`: tokens of a throw-away issuer that satisfy every policy of an issuer.
//!
//! Its clients are known by subjects, so it is never shown a client's own assertion.

use dropins_host::services::{Unavailable, UnixMillis};
use dropins_host::{Expected, Request, Subject, Trial};
use dropins_keys::{Algorithm, KeyInput, KeySet, SigningError, SigningKey};
use dropins_protocol::FederatedSubject;
use dropins_protocol::names::{JWT_BEARER, JWT_SPIFFE, PRIVATE_KEY_JWT, SPIFFE_JWT};
use serde_json::json;

use super::assertion::{damage, trial_key};
use super::request::{ISSUER, request};
use super::throw_away::ThrowAway;

/// The plug-in that these trials are for.
pub(super) const PLUGIN: &str = "federated_jwt_authenticator";

/// The issuers of the trials; their domains never exist.
const OIDC: &str = "https://issuer.canary.invalid";
const SPIFFE: &str = "spiffe://canary.invalid";

/// How long the tokens are valid, in seconds.
const LIFETIME: u64 = 30;

/// Garbage, a damaged signature, another issuer, another subject, and a token that is used twice, for both kinds.
pub(super) async fn trials(subject: &Subject<'_>, now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
    let Some((key, algorithm)) = trial_key(subject).await? else { return Ok(Vec::new()) };
    let down = |error: SigningError| Unavailable::new("the canary's key", error);
    let mut trials = of_kind(&key, algorithm, "oidc", now).map_err(down)?;
    trials.extend(of_kind(&key, algorithm, "spiffe", now).map_err(down)?);
    Ok(trials)
}

fn of_kind(key: &SigningKey, algorithm: Algorithm, kind: &str, now: UnixMillis) -> Result<Vec<Trial>, SigningError> {
    let pem = key.public_key_pem()?;
    let (keys, _) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: pem.as_bytes() }], 0);
    let (issuer, workload, kind_type, method) = match kind {
        "spiffe" => (SPIFFE, format!("{SPIFFE}/workload"), JWT_SPIFFE, SPIFFE_JWT),
        _ => (OIDC, "workload".to_owned(), JWT_BEARER, PRIVATE_KEY_JWT),
    };
    let pair = FederatedSubject { issuer: issuer.to_owned(), subject: workload.clone() };
    let settings = [("issuer.kind", kind), ("issuer.max_lifetime", "60"), ("issuer.allow_reuse", "false")];
    let client = ThrowAway::federated(method, pair, &settings, keys, now);
    let issued_at = now / 1000;
    let sign = |issuer: &str, workload: &str| {
        let claims = json!({
            "iss": issuer,
            "sub": workload,
            "aud": ISSUER,
            "jti": "canary",
            "iat": issued_at,
            "exp": issued_at + LIFETIME,
        });
        key.compact_jws(&json!({ "alg": algorithm.name(), "typ": "JWT" }), &claims)
    };
    let credential = |token: &str| credential(kind_type, token);
    let token = sign(issuer, &workload)?;
    let other_subject = sign(issuer, &format!("{workload}-stranger"))?;
    // Of a JWT-SVID the subject names the issuer.
    let other_issuer = sign("https://other.canary.invalid", "spiffe://other.canary.invalid/workload")?;
    let refused = |name: &'static str, token: &str| client.trial(name, credential(token), Expected::Refused);
    Ok(vec![
        refused("garbage in place of a token", "Z2FyYmFnZQ.Z2FyYmFnZQ.Z2FyYmFnZQ"),
        refused("a token with a wrong signature", &damage(&token)),
        refused("a token of an issuer that is not trusted", &other_issuer),
        refused("a token with a subject of no client", &other_subject),
        client.trial("the token of a throw-away workload", credential(&token), client.authenticated()),
        refused("the same token again", &token),
    ])
}

fn credential(kind: &str, token: &str) -> Request {
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", token)];
    request(&form, &[])
}
