//! Trials for `private_key_jwt`: assertions that satisfy every audience mode and profile at once.
//!
//! The audience is the issuer as a string, the lifetime shorter than the shortest that can be demanded. The algorithm
//! is one that the listener accepts, elliptic curves first: their keys are made at once.

use dropins_host::services::{Unavailable, UnixMillis};
use dropins_host::{Expected, Request, Subject, Trial};
use dropins_keys::{Algorithm, KeyFamily, KeyInput, KeySet, SigningError, SigningKey};
use dropins_protocol::names::{JWT_BEARER, PRIVATE_KEY_JWT};
use serde_json::json;
use tokio::sync::OnceCell;

use super::request::{ISSUER, request};
use super::throw_away::ThrowAway;

pub(super) const METHOD: &str = PRIVATE_KEY_JWT;

/// How long the assertions are valid, in seconds: less than the minute that `MaxLifetimeInMinutes` leaves at least.
const LIFETIME: u64 = 30;

/// The algorithms by what a key costs.
const PREFERRED: [Algorithm; 14] = [
    Algorithm::Es256,
    Algorithm::EdDsa,
    Algorithm::Ed25519,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
    Algorithm::Ps256,
    Algorithm::Rs256,
    Algorithm::Ps384,
    Algorithm::Rs384,
    Algorithm::Ps512,
    Algorithm::Rs512,
];

/// Garbage of the right type, a damaged signature, a stranger, and an assertion that is used twice.
pub(super) async fn trials(subject: &Subject<'_>, now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
    let Some((key, algorithm)) = trial_key(subject).await? else { return Ok(Vec::new()) };
    build(&key, algorithm, subject, now).map_err(|error| Unavailable::new("the canary's key", error))
}

/// A key for the first algorithm that the listener accepts; none for a plug-in whose algorithms are all unknown here,
/// which cannot be shown an assertion that it must accept.
pub(super) async fn trial_key(subject: &Subject<'_>) -> Result<Option<(TrialKey, Algorithm)>, Unavailable> {
    let accepted = |algorithm: &Algorithm| subject.algorithms.iter().any(|name| name == algorithm.name());
    let Some(algorithm) = PREFERRED.into_iter().find(accepted) else { return Ok(None) };
    let key = match KeyFamily::for_algorithm(algorithm) {
        KeyFamily::Rsa2048 => TrialKey::Shared(rsa_key().await?),
        family => {
            let made = SigningKey::generate(family);
            TrialKey::Own(made.map_err(|error| Unavailable::new("the canary's key", error))?)
        }
    };
    Ok(Some((key, algorithm)))
}

/// A key of its own, or the one of the whole process.
pub(super) enum TrialKey {
    Own(SigningKey),
    Shared(&'static SigningKey),
}

impl std::ops::Deref for TrialKey {
    type Target = SigningKey;

    fn deref(&self) -> &SigningKey {
        match self {
            Self::Own(key) => key,
            Self::Shared(key) => key,
        }
    }
}

fn build(
    key: &SigningKey,
    algorithm: Algorithm,
    subject: &Subject<'_>,
    now: UnixMillis,
) -> Result<Vec<Trial>, SigningError> {
    let pem = key.public_key_pem()?;
    let (keys, _) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: pem.as_bytes() }], 0);
    let client = ThrowAway::new(METHOD, keys, None, now);
    let issued_at = now / 1000;
    let sign = |client_id: &str| {
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": ISSUER,
            "jti": "canary",
            "iat": issued_at,
            "exp": issued_at + LIFETIME,
        });
        key.compact_jws(&json!({ "alg": algorithm.name(), "typ": "JWT" }), &claims)
    };
    let assertion = sign(&client.id)?;
    let stranger = sign(&format!("{}-stranger", client.id))?;
    let damaged = damage(&assertion);
    let garbage = ["garbage", "Z2FyYmFnZQ.Z2FyYmFnZQ.Z2FyYmFnZQ"];
    let garbage =
        garbage.map(|text| client.trial("garbage in place of an assertion", credential(text), Expected::Refused));
    let again = if reuse_is_prevented(subject.properties) { Expected::Refused } else { client.authenticated() };
    Ok(garbage
        .into_iter()
        .chain([
            client.trial("an assertion with a wrong signature", credential(&damaged), Expected::Refused),
            client.trial("the assertion of a client that is not registered", credential(&stranger), Expected::Refused),
            client.trial("the assertion of a throw-away client", credential(&assertion), client.authenticated()),
            client.trial("the same assertion again", credential(&assertion), again),
        ])
        .collect())
}

fn credential(assertion: &str) -> Request {
    let form =
        [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    request(&form, &[])
}

/// The assertion with another first character in its signature.
pub(super) fn damage(assertion: &str) -> String {
    let (signed, signature) = assertion.rsplit_once('.').unwrap_or((assertion, ""));
    let (first, rest) = signature.split_at_checked(1).unwrap_or(("", ""));
    let other = if first == "A" { "B" } else { "A" };
    format!("{signed}.{other}{rest}")
}

/// Whether a second use is a replay; the plug-in has accepted the properties, in whatever case they are written.
fn reuse_is_prevented(properties: &[(String, String)]) -> bool {
    let property = properties.iter().find(|(name, _)| name.eq_ignore_ascii_case("PreventTokenReuse"));
    property.is_none_or(|(_, value)| !value.eq_ignore_ascii_case("false"))
}

/// One RSA key for the whole process: making one takes a processor for a while.
async fn rsa_key() -> Result<&'static SigningKey, Unavailable> {
    static KEY: OnceCell<SigningKey> = OnceCell::const_new();
    let down = |error: &dyn std::fmt::Display| Unavailable::new("the canary's key", error);
    KEY.get_or_try_init(|| async {
        let made = tokio::task::spawn_blocking(|| SigningKey::generate(KeyFamily::Rsa2048)).await;
        made.map_err(|panic| down(&panic))?.map_err(|error| down(&error))
    })
    .await
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn damage_always_changes_the_signature_and_nothing_else() {
        assert_eq!(damage("a.b.Axy"), "a.b.Bxy");
        assert_eq!(damage("a.b.Bxy"), "a.b.Axy");
    }

    #[test]
    fn every_algorithm_has_its_place() {
        assert!(Algorithm::ALL.iter().all(|algorithm| PREFERRED.contains(algorithm)));
    }

    #[test]
    fn reuse_is_prevented_unless_the_listener_says_otherwise() {
        let properties = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert!(reuse_is_prevented(&[]));
        assert!(reuse_is_prevented(&properties("PreventTokenReuse", "True")));
        assert!(!reuse_is_prevented(&properties("preventTokenReuse", "FALSE")));
    }
}
