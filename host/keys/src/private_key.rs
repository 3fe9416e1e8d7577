//! Reads a private key from a file: PEM, DER, JWK or JWK set.
//!
//! PKCS#8, PKCS#1 and SEC 1 are read. An encrypted key, a key restricted to RSASSA-PSS and a key of OpenSSH are rejected
//! with the command that converts it.

use crate::algorithm::Algorithm;
use crate::key_pair::KeyPair;
use crate::pem;
use crate::private_jwk::{self, KeyChoice, PrivateJwk};
use crate::signing_error::SigningError;
use crate::text::{foreign_encoding, without_mark};

/// The object identifier id-RSASSA-PSS (RFC 4055), DER.
const ID_RSASSA_PSS: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

/// A private key, and what its file says about it.
pub(crate) struct PrivateKey {
    pub(crate) pair: KeyPair,
    pub(crate) kid: Option<String>,
    pub(crate) declared: Option<Algorithm>,
}

impl From<KeyPair> for PrivateKey {
    fn from(pair: KeyPair) -> Self {
        Self { pair, kid: None, declared: None }
    }
}

impl From<PrivateJwk> for PrivateKey {
    fn from(PrivateJwk { pair, kid, declared }: PrivateJwk) -> Self {
        Self { pair, kid, declared }
    }
}

/// Reads the first private key of a PEM text or a DER file, or the chosen one of a JWK set.
pub(crate) fn read(bytes: &[u8], choice: &KeyChoice<'_>) -> Result<PrivateKey, SigningError> {
    let bytes = without_mark(bytes);
    if let Some(what) = foreign_encoding(bytes) {
        return Err(SigningError::Encoding(what));
    }
    match bytes.trim_ascii_start().first() {
        Some(b'{') => private_jwk::read(bytes, choice).map(PrivateKey::from),
        Some(0x30) if !pem::is_pem(bytes) => from_der(bytes).map(PrivateKey::from),
        _ => from_pem(bytes).map(PrivateKey::from),
    }
}

fn from_pem(text: &[u8]) -> Result<KeyPair, SigningError> {
    let blocks = pem::blocks(text).map_err(|error| SigningError::Armour(error.to_string()))?;
    let Some(block) = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY")) else {
        return Err(SigningError::Missing);
    };
    if block.encrypted {
        return Err(SigningError::Encrypted);
    }
    let pair = match block.label.as_str() {
        "PRIVATE KEY" => KeyPair::from_pkcs8(&block.der),
        "RSA PRIVATE KEY" => KeyPair::from_pkcs1(&block.der),
        "EC PRIVATE KEY" => KeyPair::from_sec1(&block.der),
        "ENCRYPTED PRIVATE KEY" => return Err(SigningError::Encrypted),
        "OPENSSH PRIVATE KEY" => return Err(SigningError::OpenSsh),
        _ => None,
    };
    pair.ok_or_else(|| unusable(&block.der))
}

fn from_der(der: &[u8]) -> Result<KeyPair, SigningError> {
    let pair = KeyPair::from_pkcs8(der).or_else(|| KeyPair::from_pkcs1(der)).or_else(|| KeyPair::from_sec1(der));
    pair.ok_or_else(|| unusable(der))
}

/// Why the DER form of a private key is not read.
fn unusable(der: &[u8]) -> SigningError {
    // Version and algorithm are at the beginning of PKCS#8.
    let head = der.get(..der.len().min(40)).unwrap_or_default();
    let is_pss = head.windows(ID_RSASSA_PSS.len()).any(|window| window == ID_RSASSA_PSS);
    if is_pss { SigningError::RestrictedToPss } else { SigningError::Unusable }
}
