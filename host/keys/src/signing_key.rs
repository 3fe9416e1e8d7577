//! A private key that signs JWS, for the command line and for the server's own tokens.
//!
//! Private bytes are cleared when they are dropped, and neither `Debug` nor an error shows them. Private keys of
//! clients never reach this type in production.

use rustls_pki_types::pem::SectionKind;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, KeyKind};
use crate::key_family::KeyFamily;
use crate::key_pair::KeyPair;
use crate::material::Material;
use crate::signing_error::SigningError;
use crate::{base64url, pem, spki};

/// A private key that signs; [`std::fmt::Debug`] shows its public thumbprint only.
pub struct SigningKey {
    pair: KeyPair,
    material: Material,
}

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`SigningError::Library`].
    pub fn generate(family: KeyFamily) -> Result<Self, SigningError> {
        Self::new(KeyPair::generate(family)?)
    }

    /// Reads the first private key of a PEM text: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or
    /// `EC PRIVATE KEY` (SEC 1). Text and other blocks around it are ignored.
    ///
    /// # Errors
    /// [`SigningError`], without quoting the text.
    pub fn from_pem(text: &str) -> Result<Self, SigningError> {
        let blocks = pem::blocks(text.as_bytes()).map_err(|error| SigningError::Armour(error.to_string()))?;
        let pair = blocks.iter().find_map(|block| match block.kind {
            SectionKind::PrivateKey => Some(KeyPair::from_pkcs8(&block.der)),
            SectionKind::RsaPrivateKey => Some(KeyPair::from_pkcs1(&block.der)),
            SectionKind::EcPrivateKey => Some(KeyPair::from_sec1(&block.der)),
            _ => None,
        });
        match pair {
            Some(Some(pair)) => Self::new(pair),
            Some(None) => Err(SigningError::Unusable),
            None if pem::labels(text.as_bytes()).any(|label| label == "ENCRYPTED PRIVATE KEY") => {
                Err(SigningError::Encrypted)
            }
            None => Err(SigningError::Missing),
        }
    }

    fn new(pair: KeyPair) -> Result<Self, SigningError> {
        let material = spki::from_der(&pair.public_der()?).map_err(|_| SigningError::Unusable)?;
        Ok(Self { pair, material })
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

    /// The algorithms that the key can sign with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + use<> {
        self.kind().algorithms()
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
    /// key has six.
    #[must_use]
    pub fn public_jwk(&self) -> Map<String, Value> {
        let mut jwk: Map<String, Value> = serde_json::from_str(&self.material.jwk()).unwrap_or_default();
        jwk.insert("kid".to_owned(), json!(self.thumbprint()));
        jwk.insert("use".to_owned(), json!("sig"));
        jwk
    }

    /// A JWS signature: RSA as it is, ECDSA as raw r || s (RFC 7518 section 3.4), Ed25519 as 64 bytes.
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
