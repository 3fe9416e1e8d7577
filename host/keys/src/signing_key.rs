//! A private key that signs JWS, for the command line and for the server's own tokens.
//!
//! Private bytes are cleared when they are dropped, and neither `Debug` nor an error shows them. Private keys of
//! clients never reach this type in production.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, KeyKind};
use crate::key_family::KeyFamily;
use crate::key_pair::KeyPair;
use crate::material::Material;
use crate::private_jwk::KeyChoice;
use crate::private_key::{self, PrivateKey};
use crate::signing_error::SigningError;
use crate::{base64url, pem, spki};

/// A private key that signs; [`std::fmt::Debug`] shows its public thumbprint only.
pub struct SigningKey {
    pair: KeyPair,
    material: Material,
    kid: Option<String>,
    declared: Option<Algorithm>,
}

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`SigningError::Library`].
    pub fn generate(family: KeyFamily) -> Result<Self, SigningError> {
        Self::new(KeyPair::generate(family)?.into())
    }

    /// Reads a private key: the first one of a PEM text (`PRIVATE KEY`, `RSA PRIVATE KEY`, `EC PRIVATE KEY`, with text
    /// and other blocks around it), DER, a JWK, or the chosen key of a JWK set.
    ///
    /// # Errors
    /// [`SigningError`], without quoting the file.
    pub fn read(bytes: &[u8], choice: &KeyChoice<'_>) -> Result<Self, SigningError> {
        Self::new(private_key::read(bytes, choice)?)
    }

    /// Reads the only private key of a text, in any form that [`SigningKey::read`] reads.
    ///
    /// # Errors
    /// [`SigningError`], without quoting the text.
    pub fn from_pem(text: &str) -> Result<Self, SigningError> {
        Self::read(text.as_bytes(), &KeyChoice::default())
    }

    fn new(PrivateKey { pair, kid, declared }: PrivateKey) -> Result<Self, SigningError> {
        let material = spki::from_der(&pair.public_der()?).map_err(|_| SigningError::Unusable)?;
        let kind = material.kind();
        match declared {
            Some(algorithm) if algorithm.key_kind() != kind => Err(SigningError::Mismatch { algorithm, kind }),
            _ => Ok(Self { pair, material, kid, declared }),
        }
    }

    /// The `kid` of its JWK, if it was read from a JWK with a `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The kind of key.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.material.kind()
    }

    /// SHA-256 thumbprint of the public JWK, base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// The algorithms that the key signs with: those of its kind, or the `alg` of its JWK.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + use<> {
        let declared = self.declared;
        self.kind()
            .algorithms()
            .filter(move |algorithm| declared.is_none_or(|declared| declared.is_same_as(*algorithm)))
    }

    /// The private key in PKCS#8 DER (RFC 5208).
    pub(crate) fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, SigningError> {
        self.pair.to_pkcs8()
    }

    /// The private key as `PRIVATE KEY`, cleared when dropped: write it to a file of mode 0600 and nowhere else.
    ///
    /// # Errors
    /// [`SigningError::Library`].
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, SigningError> {
        Ok(pem::armour("PRIVATE KEY", &self.to_pkcs8_der()?))
    }

    /// The public key as `PUBLIC KEY` (RFC 7468 section 13).
    ///
    /// # Errors
    /// [`SigningError::Library`].
    pub fn public_key_pem(&self) -> Result<String, SigningError> {
        Ok(pem::armour("PUBLIC KEY", &self.pair.public_der()?).to_string())
    }

    /// The public key as a JWK: its required members, the thumbprint as `kid`, and `use`. Without `alg`, since an RSA
    /// key has six; an ML-DSA key requires it.
    #[must_use]
    pub fn public_jwk(&self) -> Map<String, Value> {
        let mut jwk: Map<String, Value> = serde_json::from_str(&self.material.jwk()).unwrap_or_default();
        jwk.insert("kid".to_owned(), json!(self.thumbprint()));
        jwk.insert("use".to_owned(), json!("sig"));
        jwk
    }

    /// A JWS signature: RSA and ML-DSA as it is, ECDSA as raw r || s (RFC 7518 section 3.4), Ed25519 as 64 bytes.
    ///
    /// # Errors
    /// [`SigningError::Mismatch`] when the algorithm needs another kind of key.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let kind = self.kind();
        if algorithm.key_kind() != kind {
            return Err(SigningError::Mismatch { algorithm, kind });
        }
        self.pair.sign(algorithm, message)
    }

    /// A compact JWS (RFC 7515 section 3.1), signed with the `alg` of the header.
    ///
    /// # Errors
    /// [`SigningError::Header`] without a known `alg`; [`SigningError::Mismatch`] when the key does not fit it.
    pub fn compact_jws(&self, header: &Value, claims: &Value) -> Result<String, SigningError> {
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let algorithm = algorithm.ok_or(SigningError::Header)?;
        let input = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
        let signature = self.sign(algorithm, input.as_bytes())?;
        Ok(format!("{input}.{}", base64url::encode(signature)))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kind", &self.kind())
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
