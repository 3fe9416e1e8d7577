//! Keys that are made on the spot, from a name: the same name is the same key.
//!
//! [`TestKey::es256`] is a real key. [`TestKey::stand_in`] signs under the name of any algorithm, for rules that do not
//! depend on the mathematics: it accepts what it signed itself and nothing else.

use std::fmt::{self, Display};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_strict_json::{Object, Value};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest as _, Sha256};

use crate::services::{Hint, KeyDescription, Unsupported};

/// A key pair.
#[derive(Clone)]
pub struct TestKey {
    /// Identity, origin and validity as the plug-in is told them; the name is its `kid`.
    pub description: KeyDescription,
    /// What the host says in place of verifying.
    pub unsupported: Option<Unsupported>,
    pair: Pair,
}

#[derive(Clone)]
enum Pair {
    P256(Box<SigningKey>),
    StandIn(String),
}

impl TestKey {
    /// A P-256 key for ES256.
    ///
    /// # Panics
    /// If the name has more than 31 bytes.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a mistake in a test ends the test")]
    pub fn es256(name: &str) -> Self {
        // The number of bytes, then the name, then zeroes: from 1 and below the order of the curve.
        let mut scalar = [0; 32];
        let [length, bytes @ ..] = &mut scalar;
        *length = u8::try_from(name.len() + 1).unwrap_or(u8::MAX);
        bytes.get_mut(..name.len()).expect("a name of at most 31 bytes").copy_from_slice(name.as_bytes());
        let pair = Pair::P256(Box::new(SigningKey::from_slice(&scalar).expect("a scalar of the curve")));
        Self::new(name, pair)
    }

    /// A key for the rules around a signature: it signs under any algorithm, and only it knows the signature.
    #[must_use]
    pub fn stand_in(name: &str) -> Self {
        Self::new(name, Pair::StandIn(name.to_owned()))
    }

    fn new(name: &str, pair: Pair) -> Self {
        let mut key = Self { description: KeyDescription::default(), unsupported: None, pair };
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(key.jwk()));
        key.description = KeyDescription {
            kid: Some(name.to_owned()),
            thumbprint,
            source: "jwks".to_owned(),
            ..KeyDescription::default()
        };
        key
    }

    /// A [`Self::stand_in`] without a `kid`, which answers to any.
    #[must_use]
    pub fn anonymous(name: &str) -> Self {
        Self::stand_in(name).without_kid()
    }

    /// The same key without a `kid`.
    #[must_use]
    pub fn without_kid(mut self) -> Self {
        self.description.kid = None;
        self
    }

    /// A compact JWS (RFC 7515 section 7.1) over two JSON texts, `serde_json::json!` for example; signed under the `alg`
    /// of the header.
    #[must_use]
    pub fn jws(&self, header: impl Display, claims: impl Display) -> String {
        self.jws_with(header, claims, None)
    }

    /// As [`Self::jws`]; a signature that is given takes the place of the right one.
    #[must_use]
    pub fn jws_with(&self, header: impl Display, claims: impl Display, signature: Option<&[u8]>) -> String {
        let header = header.to_string();
        let object = Object::parse(header.as_bytes()).unwrap_or_default();
        let algorithm = object.get("alg").and_then(Value::text).unwrap_or_default();
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = signature.map_or_else(|| self.sign(algorithm, input.as_bytes()), <[u8]>::to_vec);
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::P256(key) => {
                let signature: Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Pair::StandIn(name) => Sha256::new()
                .chain_update(name)
                .chain_update([0])
                .chain_update(algorithm)
                .chain_update([0])
                .chain_update(message)
                .finalize()
                .to_vec(),
        }
    }

    /// The public key as a JWK with its required members only.
    pub(super) fn jwk(&self) -> String {
        match &self.pair {
            Pair::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let text =
                    |coordinate: Option<&_>| URL_SAFE_NO_PAD.encode(coordinate.map_or(&[][..], |bytes: &[u8]| bytes));
                let (x, y) = (text(point.x().map(AsRef::as_ref)), text(point.y().map(AsRef::as_ref)));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Pair::StandIn(name) => format!(r#"{{"kty":"stand-in","name":{name:?}}}"#),
        }
    }

    pub(super) fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
        if let Some(unsupported) = &self.unsupported {
            return Err(unsupported.clone());
        }
        match &self.pair {
            Pair::P256(_) if algorithm != "ES256" => Err(Unsupported::KeyMismatch(format!("P-256 and {algorithm}"))),
            Pair::P256(key) => {
                let signature = Signature::from_slice(signature);
                Ok(signature.is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()))
            }
            Pair::StandIn(_) => Ok(self.sign(algorithm, message) == signature),
        }
    }

    /// Whether a look-up with this hint finds the key. Thumbprints of certificates are not looked at.
    pub(super) fn fits(&self, hint: &Hint<'_>) -> bool {
        let algorithm = matches!(self.pair, Pair::StandIn(_)) || hint.algorithm == "ES256";
        let kid = self.description.kid.as_deref().zip(hint.kid).is_none_or(|(own, asked)| own == asked);
        algorithm && kid
    }
}

impl fmt::Debug for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestKey").field(&self.description).finish()
    }
}
