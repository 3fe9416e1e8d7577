//! All registered keys of one client, and which of them may verify a request.
//!
//! Reading and linting are one function, so the server runs with exactly what a configuration check accepts.

use std::sync::Arc;

use dropins_services::{KeyHint, MAX_CANDIDATES};

use crate::algorithm::Algorithm;
use crate::client_key::ClientKey;
use crate::finding::Finding;
use crate::key_purpose::KeyPurpose;
use crate::{certificate_text, jwks};

/// One registration of keys.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum KeyInput<'a> {
    /// Certificates or public keys, PEM or DER.
    Certificate {
        /// A name for messages, such as the file's.
        name: Option<&'a str>,
        /// The text or the DER bytes.
        bytes: &'a [u8],
    },
    /// A JSON Web Key Set (RFC 7517 section 5).
    Jwks {
        /// A name for messages, such as the file's.
        name: Option<&'a str>,
        /// The JSON text.
        text: &'a [u8],
    },
    /// A JSON Web Key Set of which only the keys for JWT identities count: a SPIFFE bundle.
    Bundle {
        /// A name for messages, such as the file's.
        name: Option<&'a str>,
        /// The JSON text.
        text: &'a [u8],
    },
    /// The certificate of a keystore entry.
    Keystore {
        /// The file's name and the alias: `wso2carbon.p12#alias`.
        name: &'a str,
        /// The certificate, DER.
        der: &'a [u8],
    },
}

/// The keys of one client.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Arc<ClientKey>>,
}

impl KeySet {
    /// Reads all registrations of one client; `now` in seconds since the Unix epoch.
    ///
    /// A finding of [`Severity::Error`](crate::Severity::Error) makes a configuration invalid. The set still holds
    /// every good key, and both of two keys with one `kid`.
    #[must_use]
    pub fn read(inputs: &[KeyInput<'_>], now: i64) -> (Self, Vec<Finding>) {
        let mut set = Self::default();
        let mut findings = Vec::new();
        for input in inputs {
            let reading = match *input {
                KeyInput::Certificate { name, bytes } => {
                    certificate_text::read(bytes, source("certificate", name), now)
                }
                KeyInput::Jwks { name, text } => jwks::read(text, source("jwks", name), KeyPurpose::Signature, now),
                KeyInput::Bundle { name, text } => jwks::read(text, source("jwks", name), KeyPurpose::JwtSvid, now),
                KeyInput::Keystore { name, der } => certificate_text::read(der, source("keystore", Some(name)), now),
            };
            set.keys.extend(reading.keys);
            findings.extend(reading.findings);
        }
        (set, findings)
    }

    /// A set of these keys.
    pub(crate) fn of(keys: Vec<Arc<ClientKey>>) -> Self {
        Self { keys }
    }

    /// All keys, in the order of registration.
    #[must_use]
    pub fn keys(&self) -> &[Arc<ClientKey>] {
        &self.keys
    }

    /// The keys that may have signed under this hint, best first, at most [`MAX_CANDIDATES`].
    ///
    /// A certificate thumbprint in the hint selects that certificate, whatever the `kid`, and excludes other ones. A
    /// `kid` selects among the keys that have one; a key without one answers to its thumbprints, and to any `kid` if it
    /// is the client's only key.
    #[must_use]
    pub fn candidates(&self, hint: &KeyHint) -> Vec<Arc<ClientKey>> {
        self.ranked(hint).into_iter().take(MAX_CANDIDATES).map(|(_, key)| Arc::clone(key)).collect()
    }

    /// The keys of both sets, so that "the only key" means the client's only key.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        Self { keys: self.keys.iter().chain(&other.keys).cloned().collect() }
    }

    /// Roughly how many bytes of memory the keys take: the weight of the set in a cache.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.keys.iter().map(|key| key.memory()).sum()
    }

    /// Whether the hint names the best candidate by `kid` or thumbprint.
    #[must_use]
    pub fn names(&self, hint: &KeyHint) -> bool {
        self.ranked(hint).first().is_some_and(|(rank, _)| *rank == Rank::Named)
    }

    fn ranked(&self, hint: &KeyHint) -> Vec<(Rank, &Arc<ClientKey>)> {
        let Some(algorithm) = Algorithm::parse(&hint.algorithm) else {
            return Vec::new();
        };
        let mut ranked: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.fits(algorithm) && certificate_agrees(key, hint))
            .filter_map(|key| Some((self.rank(key, hint)?, key)))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked
    }

    /// How well the key matches the hint. Returns `None` if it does not match. A certificate thumbprint goes before the
    /// `kid`, which is only a hint (RFC 7515 section 4.1.4).
    fn rank(&self, key: &ClientKey, hint: &KeyHint) -> Option<Rank> {
        let by_thumbprint = hint.x5t.is_some() || hint.x5t_s256.is_some();
        if by_thumbprint && key.x5t().is_some() {
            return Some(Rank::Named);
        }
        let Some(kid) = hint.kid.as_deref() else {
            return Some(Rank::Fitting);
        };
        match key.kid() {
            Some(own) => (own == kid).then_some(Rank::Named),
            None if [Some(key.thumbprint()), key.x5t(), key.x5t_s256()].contains(&Some(kid)) => Some(Rank::Named),
            None => (self.keys.len() == 1).then_some(Rank::Fitting),
        }
    }
}

/// The findings of [`KeySet::read`], without the keys.
#[must_use]
pub fn lint(inputs: &[KeyInput<'_>], now: i64) -> Vec<Finding> {
    KeySet::read(inputs, now).1
}

/// Best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Named,
    Fitting,
}

/// Whether the thumbprints of the hint, when there are any, are those of the key's certificate, when it has one.
fn certificate_agrees(key: &ClientKey, hint: &KeyHint) -> bool {
    let agrees = |own: Option<&str>, hinted: Option<&str>| match (own, hinted) {
        (Some(own), Some(hinted)) => own == hinted,
        _ => true,
    };
    agrees(key.x5t(), hint.x5t.as_deref()) && agrees(key.x5t_s256(), hint.x5t_s256.as_deref())
}

fn source(kind: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{kind}:{name}"),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests;
