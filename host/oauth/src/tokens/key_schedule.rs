//! The keys of one algorithm, each with the time from which it signs.
//!
//! A key is published from the moment it is there, signs from its time until that of its successor, and stays published
//! until the last token under it has expired. All of this follows from the times: nothing has to happen at them.

use std::sync::Arc;
use std::time::Duration;

use dropins_keys::{ClientKey, KeyFamily, KeyInput, KeySet, SigningError, SigningKey};
use dropins_services::PublicKey as _;
use serde_json::{Map, Value, json};

use dropins_protocol::TokenAlgorithm;

/// How much later than its successor's time a key may have signed: until other processes have seen the successor.
const SLACK: Duration = Duration::from_secs(60);

/// A key and the time from which it signs.
#[derive(Debug)]
pub(super) struct ScheduledKey {
    algorithm: TokenAlgorithm,
    signs_from: u64,
    key: SigningKey,
    public: Arc<ClientKey>,
}

impl ScheduledKey {
    /// A key that signs with this algorithm from this time on, seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`SigningError`] when the key is not one for the algorithm.
    pub(super) fn new(algorithm: TokenAlgorithm, signs_from: u64, key: SigningKey) -> Result<Self, SigningError> {
        // Said when the key is read, not with the first token.
        key.compact_jws(&json!({ "alg": algorithm }), &json!({}))?;
        let jwks = json!({ "keys": [jwk(algorithm, &key)] }).to_string();
        let (set, _) = KeySet::read(&[KeyInput::Jwks { name: None, text: jwks.as_bytes() }], 0);
        let public = Arc::clone(set.keys().first().ok_or(SigningError::Unusable)?);
        Ok(Self { algorithm, signs_from, key, public })
    }

    /// What it signs with.
    pub(super) fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// Its name: the SHA-256 thumbprint of the JWK (RFC 7638).
    pub(super) fn kid(&self) -> &str {
        self.public.thumbprint()
    }

    /// Signs claims under a header with `alg`, `kid` and this `typ`.
    ///
    /// # Errors
    /// [`SigningError`] when the library fails.
    pub(super) fn sign(&self, typ: &str, claims: Map<String, Value>) -> Result<String, SigningError> {
        let header = json!({ "alg": self.algorithm, "typ": typ, "kid": self.kid() });
        self.key.compact_jws(&header, &Value::Object(claims))
    }
}

/// A public JWK says what the key is for, so that no verifier takes it for anything else (RFC 8725 section 3.1).
fn jwk(algorithm: TokenAlgorithm, key: &SigningKey) -> Map<String, Value> {
    let mut jwk = key.public_jwk();
    jwk.insert("alg".to_owned(), json!(algorithm));
    jwk
}

/// The keys of one algorithm.
#[derive(Debug)]
pub(super) struct KeySchedule {
    first: ScheduledKey,
    /// In the order of their times.
    others: Vec<ScheduledKey>,
}

impl KeySchedule {
    /// The line of these keys; none when there are none.
    pub(super) fn of(mut keys: Vec<ScheduledKey>) -> Option<Self> {
        keys.sort_by_key(|key| key.signs_from);
        let mut keys = keys.into_iter();
        Some(Self { first: keys.next()?, others: keys.collect() })
    }

    /// The key that signs now; the first one before its time, because some key has to.
    pub(super) fn current(&self, now: u64) -> &ScheduledKey {
        self.others.iter().rev().find(|key| key.signs_from <= now).unwrap_or(&self.first)
    }

    /// The public keys that verify what was signed or is going to be, as JWKs: the current one first, then those to
    /// come, then those whose tokens, valid for at most `longest`, have not all expired.
    pub(super) fn published(&self, now: u64, longest: Duration) -> impl Iterator<Item = Map<String, Value>> {
        let current = self.current(now);
        let later = self.all().filter(|key| key.signs_from > current.signs_from);
        let successors = self.all().zip(self.all().skip(1));
        let retiring = successors.filter(move |(_, next)| !is_retired(next.signs_from, now, longest));
        let retiring = retiring.map(|(key, _)| key).filter(|key| key.signs_from < current.signs_from);
        std::iter::once(current).chain(later).chain(retiring).map(|key| jwk(key.algorithm, &key.key))
    }

    /// Whether the key with this id made the signature.
    pub(super) fn verifies(&self, kid: &str, message: &[u8], signature: &[u8]) -> bool {
        let named = self.all().find(|key| key.kid() == kid);
        named.is_some_and(|key| key.public.verify(key.algorithm.name(), message, signature) == Ok(true))
    }

    fn all(&self) -> impl Iterator<Item = &ScheduledKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Whether every token under a key has expired whose successor signs from this time on.
pub(super) fn is_retired(successor_signs_from: u64, now: u64, longest: Duration) -> bool {
    retires_at(successor_signs_from, longest) <= now
}

/// When every token under such a key has expired.
pub(super) fn retires_at(successor_signs_from: u64, longest: Duration) -> u64 {
    successor_signs_from.saturating_add((longest + SLACK).as_secs())
}

/// The kind of key that is made for an algorithm.
pub(super) const fn key_family(algorithm: TokenAlgorithm) -> KeyFamily {
    match algorithm {
        TokenAlgorithm::Rs256 => KeyFamily::Rsa2048,
        TokenAlgorithm::Es256 => KeyFamily::P256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_keys::KeyFamily;

    const HOUR: Duration = Duration::from_secs(3600);

    fn line(times: &[u64]) -> (KeySchedule, Vec<String>) {
        let new = |time: &u64| {
            ScheduledKey::new(TokenAlgorithm::Es256, *time, SigningKey::generate(KeyFamily::P256).unwrap()).unwrap()
        };
        let keys: Vec<_> = times.iter().map(new).collect();
        let names = keys.iter().map(|key| key.kid().to_owned()).collect();
        (KeySchedule::of(keys).unwrap(), names)
    }

    fn published(line: &KeySchedule, now: u64) -> Vec<String> {
        line.published(now, HOUR).map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
        let (line, names) = line(&[0, 10_000]);
        let (old, new) = (names[0].as_str(), names[1].as_str());
        for (now, current, all) in [
            (1, old, vec![old, new]),
            (9_999, old, vec![old, new]),
            (10_000, new, vec![new, old]),
            (13_659, new, vec![new, old]),
            (13_660, new, vec![new]),
        ] {
            assert_eq!(line.current(now).kid(), current, "{now}");
            assert_eq!(published(&line, now), all, "{now}");
        }
    }

    #[test]
    fn a_rotation_at_once_overtakes_one_that_is_planned() {
        let (line, names) = line(&[0, 9_000, 5_000]);
        assert_eq!(line.current(5_000).kid(), names[2]);
        assert_eq!(line.current(9_000).kid(), names[1]);
        assert_eq!(published(&line, 5_000), [names[2].as_str(), names[1].as_str(), names[0].as_str()]);
    }

    #[test]
    fn a_key_of_another_kind_is_rejected_when_it_is_read() {
        for (algorithm, family) in [
            (TokenAlgorithm::Es256, KeyFamily::Rsa2048),
            (TokenAlgorithm::Es256, KeyFamily::P384),
            (TokenAlgorithm::Rs256, KeyFamily::P256),
            (TokenAlgorithm::Rs256, KeyFamily::Ed25519),
        ] {
            let key = SigningKey::generate(family).unwrap();
            assert!(ScheduledKey::new(algorithm, 0, key).is_err(), "{algorithm} {family:?}");
        }
        assert!(KeySchedule::of(Vec::new()).is_none());
    }
}
