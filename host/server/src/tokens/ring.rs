//! The token-signing keys with the time from which each one signs.
//!
//! A key is published from the moment it is there, signs from its time until that of its successor, and stays published
//! until the last token under it has expired. All of this follows from the times: nothing has to happen at them.

use std::sync::Arc;
use std::time::Duration;

use dropins_host::services::PublicKey as _;
use dropins_keys::{ClientKey, KeyInput, KeySet, SigningError, SigningKey};
use serde_json::{Map, Value, json};

use super::ALGORITHM;

/// How much later than its successor's time a key may have signed: until other processes have seen the successor.
const SLACK: Duration = Duration::from_secs(60);

/// All token-signing keys of a home.
#[derive(Debug)]
pub struct Ring {
    first: TimedKey,
    /// In the order of their times.
    others: Vec<TimedKey>,
}

#[derive(Debug)]
struct TimedKey {
    signs_from: u64,
    key: Arc<SigningKey>,
    public: Arc<ClientKey>,
}

impl TimedKey {
    /// # Errors
    /// [`SigningError`] when the key is not one for [`ALGORITHM`].
    fn new(signs_from: u64, key: SigningKey) -> Result<Self, SigningError> {
        // Said when the key is read, not with the first token.
        key.compact_jws(&json!({ "alg": ALGORITHM }), &json!({}))?;
        let jwks = json!({ "keys": [key.public_jwk()] }).to_string();
        let (set, _) = KeySet::read(&[KeyInput::Jwks { name: None, text: jwks.as_bytes() }], 0);
        let public = set.keys().first().ok_or(SigningError::Unusable)?;
        Ok(Self { signs_from, key: Arc::new(key), public: Arc::clone(public) })
    }
}

impl Ring {
    /// A ring of one key that signs from the beginning of time.
    ///
    /// # Errors
    /// [`SigningError`] when the key is not one for [`ALGORITHM`].
    pub fn of(key: SigningKey) -> Result<Self, SigningError> {
        Ok(Self { first: TimedKey::new(0, key)?, others: Vec::new() })
    }

    /// Adds a key that signs from this time on, seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`SigningError`] when the key is not one for [`ALGORITHM`].
    pub fn with(mut self, signs_from: u64, key: SigningKey) -> Result<Self, SigningError> {
        let mut added = TimedKey::new(signs_from, key)?;
        if added.signs_from < self.first.signs_from {
            std::mem::swap(&mut added, &mut self.first);
        }
        self.others.push(added);
        self.others.sort_by_key(|key| key.signs_from);
        Ok(self)
    }

    /// The key that signs now; the first one before its time, because some key has to.
    pub fn current(&self, now: u64) -> &Arc<SigningKey> {
        &self.in_force(now).key
    }

    fn in_force(&self, now: u64) -> &TimedKey {
        self.others.iter().rev().find(|key| key.signs_from <= now).unwrap_or(&self.first)
    }

    /// The public keys that verify what this server signed or is going to sign, as JWKs: the current one first, then
    /// those to come, then those whose tokens, valid for at most `longest`, have not all expired.
    pub fn published(&self, now: u64, longest: Duration) -> Vec<Map<String, Value>> {
        let current = self.in_force(now);
        let later = self.all().filter(|key| key.signs_from > current.signs_from);
        let retiring =
            self.all().zip(self.all().skip(1)).filter(|(_, next)| !is_retired(next.signs_from, now, longest));
        let retiring = retiring.map(|(key, _)| key).filter(|key| key.signs_from < current.signs_from);
        std::iter::once(current).chain(later).chain(retiring).map(|key| key.key.public_jwk()).collect()
    }

    /// Whether the key with this id made the signature.
    pub fn verifies(&self, kid: &str, message: &[u8], signature: &[u8]) -> bool {
        let named = self.all().find(|key| key.public.thumbprint() == kid);
        named.is_some_and(|key| key.public.verify(ALGORITHM, message, signature) == Ok(true))
    }

    fn all(&self) -> impl Iterator<Item = &TimedKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Whether every token under a key has expired whose successor signs from this time on.
pub(super) fn is_retired(successor_signs_from: u64, now: u64, longest: Duration) -> bool {
    successor_signs_from.saturating_add((longest + SLACK).as_secs()) <= now
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_keys::KeyFamily;

    const HOUR: Duration = Duration::from_secs(3600);

    fn ring(times: &[u64]) -> (Ring, Vec<String>) {
        let keys: Vec<_> = times.iter().map(|_| SigningKey::generate(KeyFamily::P256).unwrap()).collect();
        let names = keys.iter().map(SigningKey::thumbprint).collect();
        let mut keys = times.iter().copied().zip(keys);
        let first = Ring::of(keys.next().unwrap().1).unwrap();
        (keys.fold(first, |ring, (time, key)| ring.with(time, key).unwrap()), names)
    }

    fn published(ring: &Ring, now: u64) -> Vec<String> {
        let kid = |jwk: &Map<String, Value>| jwk["kid"].as_str().unwrap().to_owned();
        ring.published(now, HOUR).iter().map(kid).collect()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
        let (ring, names) = ring(&[0, 10_000]);
        let (old, new) = (names[0].as_str(), names[1].as_str());
        for (now, current, all) in [
            (1, old, vec![old, new]),
            (9_999, old, vec![old, new]),
            (10_000, new, vec![new, old]),
            (13_659, new, vec![new, old]),
            (13_660, new, vec![new]),
        ] {
            assert_eq!(ring.current(now).thumbprint(), current, "{now}");
            assert_eq!(published(&ring, now), all, "{now}");
        }
    }

    #[test]
    fn a_rotation_at_once_overtakes_one_that_is_planned() {
        let (ring, names) = ring(&[0, 9_000, 5_000]);
        assert_eq!(ring.current(5_000).thumbprint(), names[2]);
        assert_eq!(ring.current(9_000).thumbprint(), names[1]);
        assert_eq!(published(&ring, 5_000), [names[2].as_str(), names[1].as_str(), names[0].as_str()]);
    }

    #[test]
    fn a_key_of_another_kind_is_refused_when_it_is_read() {
        assert!(Ring::of(SigningKey::generate(KeyFamily::Rsa2048).unwrap()).is_err());
        assert!(ring(&[0]).0.with(1, SigningKey::generate(KeyFamily::Ed25519).unwrap()).is_err());
    }
}
