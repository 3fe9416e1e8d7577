//! All token-signing keys of a home: one line of keys for each algorithm, none of them empty.
//!
//! A key belongs to one algorithm. A `kid` is looked for among the keys of the algorithm that a token claims, so that no
//! key ever verifies a signature of another kind.

use std::time::Duration;

use dropins_keys::SigningError;
use serde_json::{Map, Value};

use super::key_schedule::{KeySchedule, ScheduledKey};
use dropins_protocol::TokenAlgorithm;

/// All token-signing keys of a home.
#[derive(Debug)]
pub struct KeyRing {
    rs256: KeySchedule,
    es256: KeySchedule,
}

/// There is no key for this algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lacks(pub(super) TokenAlgorithm);

impl KeyRing {
    /// The ring of these keys.
    ///
    /// # Errors
    /// [`Lacks`] names an algorithm without a key.
    pub(super) fn of(keys: Vec<ScheduledKey>) -> Result<Self, Lacks> {
        let (rs256, es256) = keys.into_iter().partition(|key| key.algorithm() == TokenAlgorithm::Rs256);
        Ok(Self {
            es256: KeySchedule::of(es256).ok_or(Lacks(TokenAlgorithm::Es256))?,
            rs256: KeySchedule::of(rs256).ok_or(Lacks(TokenAlgorithm::Rs256))?,
        })
    }

    /// The algorithms of its keys, that of ID tokens by default first.
    pub fn algorithms(&self) -> impl Iterator<Item = TokenAlgorithm> {
        self.lines().map(|(algorithm, _)| algorithm)
    }

    /// The id of the key that signs now.
    pub fn current_kid(&self, algorithm: TokenAlgorithm, now: u64) -> &str {
        self.line(algorithm).current(now).kid()
    }

    /// Signs claims with the key of now, which the header names together with the algorithm and `typ`.
    ///
    /// # Errors
    /// [`SigningError`] when the key cannot sign.
    pub(super) fn sign(
        &self,
        algorithm: TokenAlgorithm,
        now: u64,
        typ: &str,
        claims: Map<String, Value>,
    ) -> Result<String, SigningError> {
        let sign = || self.line(algorithm).current(now).sign(typ, claims);
        tracing::info_span!(target: "dropins_trace", "sign").in_scope(sign)
    }

    /// The public keys that verify what this server signed or is going to sign, as JWKs with `alg`, `use` and `kid`:
    /// per algorithm the current one first, then those to come, then those whose tokens, valid for at most `longest`,
    /// have not all expired.
    pub fn published(&self, now: u64, longest: Duration) -> Vec<Map<String, Value>> {
        self.lines().flat_map(|(_, line)| line.published(now, longest)).collect()
    }

    /// Whether the key of this algorithm with this id made the signature.
    pub fn verifies(&self, algorithm: TokenAlgorithm, kid: &str, message: &[u8], signature: &[u8]) -> bool {
        self.line(algorithm).verifies(kid, message, signature)
    }

    fn line(&self, algorithm: TokenAlgorithm) -> &KeySchedule {
        match algorithm {
            TokenAlgorithm::Rs256 => &self.rs256,
            TokenAlgorithm::Es256 => &self.es256,
        }
    }

    fn lines(&self) -> impl Iterator<Item = (TokenAlgorithm, &KeySchedule)> {
        TokenAlgorithm::ALL.into_iter().map(|algorithm| (algorithm, self.line(algorithm)))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use dropins_keys::SigningKey;

    use super::*;
    use crate::tokens::key_schedule::key_family;

    fn key(algorithm: TokenAlgorithm, signs_from: u64) -> ScheduledKey {
        ScheduledKey::new(algorithm, signs_from, SigningKey::generate(key_family(algorithm)).unwrap()).unwrap()
    }

    #[test]
    fn there_is_a_key_for_every_algorithm_or_no_ring() {
        for lacks in TokenAlgorithm::ALL {
            let others = TokenAlgorithm::ALL.into_iter().filter(|algorithm| *algorithm != lacks);
            assert_eq!(KeyRing::of(others.map(|other| key(other, 0)).collect()).unwrap_err(), Lacks(lacks));
        }
    }

    #[test]
    fn every_published_key_says_what_it_is_for() {
        let ring = KeyRing::of(vec![key(TokenAlgorithm::Es256, 0), key(TokenAlgorithm::Rs256, 0)]).unwrap();
        assert_eq!(ring.algorithms().map(TokenAlgorithm::name).collect::<Vec<_>>(), ["RS256", "ES256"]);
        let published = ring.published(0, Duration::from_secs(60));
        let shown: Vec<_> =
            published.iter().map(|jwk| ["kty", "alg", "use"].map(|member| jwk[member].clone())).collect();
        assert_eq!(shown, [["RSA", "RS256", "sig"], ["EC", "ES256", "sig"]].map(|members| members.map(Value::from)));
        assert!(published.iter().all(|jwk| !jwk.contains_key("d") && jwk["kid"].is_string()));
    }

    #[test]
    fn lines_rotate_each_at_its_own_time() {
        let (rs256, es256) = (TokenAlgorithm::Rs256, TokenAlgorithm::Es256);
        let keys = [key(rs256, 0), key(es256, 0), key(rs256, 100), key(es256, 200)];
        let kids = keys.each_ref().map(|key| key.kid().to_owned());
        let ring = KeyRing::of(keys.into_iter().collect()).unwrap();
        for (now, rsa, ec) in [(99, 0, 1), (100, 2, 1), (200, 2, 3)] {
            assert_eq!(ring.current_kid(rs256, now), kids[rsa], "{now}");
            assert_eq!(ring.current_kid(es256, now), kids[ec], "{now}");
        }
    }

    #[test]
    fn a_key_verifies_under_its_own_algorithm_only() {
        let (rs256, es256) = (TokenAlgorithm::Rs256, TokenAlgorithm::Es256);
        let ring = KeyRing::of(vec![key(rs256, 0), key(es256, 0)]).unwrap();
        for algorithm in TokenAlgorithm::ALL {
            let other = if algorithm == rs256 { es256 } else { rs256 };
            let jws = ring.sign(algorithm, 0, "JWT", Map::new()).unwrap();
            let (input, signature) = jws.rsplit_once('.').unwrap();
            let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
            let kid = |algorithm| ring.current_kid(algorithm, 0);
            assert!(ring.verifies(algorithm, kid(algorithm), input.as_bytes(), &signature));
            assert!(!ring.verifies(other, kid(algorithm), input.as_bytes(), &signature), "its kid, another algorithm");
            assert!(!ring.verifies(algorithm, kid(other), input.as_bytes(), &signature), "another key's kid");
            assert!(!ring.verifies(other, kid(other), input.as_bytes(), &signature), "another key and algorithm");
        }
    }
}
