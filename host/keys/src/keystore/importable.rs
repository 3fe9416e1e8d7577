//! The certificate to import from a file, PEM or DER: of a chain, the one that issued no other.
//!
//! Rejects a file with a private key, which its owner is about to disclose.

use super::limits::MAX_CERTIFICATE;
use crate::certificate::Certificate;
use crate::misplaced;
use crate::pem::{self, PemError};
use crate::text::{foreign_encoding, quoted, without_mark};

/// Why a file cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Larger than a certificate may be.
    #[error("it has {0} bytes, allowed are {MAX_CERTIFICATE}")]
    TooLarge(usize),
    /// Neither PEM nor DER.
    #[error("it holds no certificate: it must begin with -----BEGIN CERTIFICATE----- (PEM) or be DER")]
    None,
    /// Something else than a certificate.
    #[error("{0}")]
    Other(String),
    /// Broken armour.
    #[error("{0}")]
    Pem(String),
    /// Not X.509.
    #[error("{0}")]
    Certificate(String),
    /// A private key.
    #[error("IT HOLDS A PRIVATE KEY, which belongs to the client alone: import only the certificate")]
    PrivateKey,
    /// Several certificates that are not a chain.
    #[error("it holds {0} certificates that are not one chain: import one of them")]
    Several(usize),
}

impl From<PemError> for ImportError {
    fn from(error: PemError) -> Self {
        Self::Pem(error.to_string())
    }
}

/// The certificate, DER.
///
/// # Errors
/// [`ImportError`] if there is not exactly one.
pub fn certificate_to_import(bytes: &[u8]) -> Result<Vec<u8>, ImportError> {
    if bytes.len() > MAX_CERTIFICATE {
        return Err(ImportError::TooLarge(bytes.len()));
    }
    let bytes = without_mark(bytes);
    if let Some(what) = foreign_encoding(bytes).or_else(|| misplaced::file(bytes)) {
        return Err(ImportError::Other(what.to_owned()));
    }
    if !pem::is_pem(bytes) {
        return if bytes.first() == Some(&0x30) {
            parse(bytes).map(|_| bytes.to_vec())
        } else {
            Err(ImportError::None)
        };
    }
    if pem::labels(bytes).any(|label| label.ends_with("PRIVATE KEY")) {
        return Err(ImportError::PrivateKey);
    }
    let blocks = pem::blocks(bytes)?;
    let ders: Vec<_> = blocks.iter().filter(|block| block.label == "CERTIFICATE").map(|block| &block.der).collect();
    let certificates = ders.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
    let own: Vec<_> = ders
        .iter()
        .zip(&certificates)
        .filter(|(_, certificate)| !certificate.is_authority_among(&certificates))
        .map(|(der, _)| der.to_vec())
        .collect();
    match <[Vec<u8>; 1]>::try_from(own) {
        Ok([der]) => Ok(der),
        Err(own) if own.is_empty() => Err(no_certificate(bytes)),
        Err(own) => Err(ImportError::Several(own.len())),
    }
}

/// What the PEM blocks are instead.
fn no_certificate(bytes: &[u8]) -> ImportError {
    let other = pem::labels(bytes).find_map(|label| {
        let refusal = misplaced::block(&label)?;
        Some(ImportError::Other(format!("block {}: {}", quoted(&label), refusal.message)))
    });
    other.unwrap_or(ImportError::None)
}

fn parse(der: &[u8]) -> Result<Certificate<'_>, ImportError> {
    Certificate::from_der(der).map_err(|refusal| ImportError::Certificate(refusal.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::{certificate_pem, testing::certificate};

    #[test]
    fn one_certificate_is_taken_from_pem_and_from_der() {
        let der = certificate("c");
        let pem = certificate_pem(&der);
        for bytes in [der.clone(), pem.clone().into_bytes(), format!("Bag Attributes\n{pem}").into_bytes()] {
            assert_eq!(certificate_to_import(&bytes).as_ref(), Ok(&der));
        }
    }

    #[test]
    fn a_byte_order_mark_and_lost_line_ends_do_not_matter() {
        let der = certificate("c");
        let pem = certificate_pem(&der);
        for text in [format!("\u{feff}{pem}"), pem.replace('\n', " "), pem.replace('\n', "\\n")] {
            assert_eq!(certificate_to_import(text.as_bytes()).as_ref(), Ok(&der), "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (text, expected) in [
            (block("PKCS7"), "openssl pkcs7"),
            (block("CERTIFICATE REQUEST"), "certificate request"),
            ("{\"keys\":[]}".to_owned(), "JWK set"),
            ("-\0-\0".to_owned(), "UTF-16"),
        ] {
            let error = certificate_to_import(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_certificate_is_rejected() {
        let [one, two] = ["a", "b"].map(|name| certificate_pem(&certificate(name)));
        let key = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        let public = crate::SigningKey::generate(crate::KeyFamily::P256).unwrap().public_key_pem().unwrap();
        for (text, expected) in [
            (format!("{one}{two}"), ImportError::Several(2)),
            (format!("{one}{key}"), ImportError::PrivateKey),
            (public.to_string(), ImportError::None),
            ("text".to_owned(), ImportError::None),
            (" ".repeat(70_000), ImportError::TooLarge(70_000)),
        ] {
            assert_eq!(certificate_to_import(text.as_bytes()), Err(expected));
        }
        assert!(matches!(certificate_to_import(b"0\x03abc"), Err(ImportError::Certificate(_))));
        assert!(matches!(certificate_to_import(one.replace("-----END", "").as_bytes()), Err(ImportError::Pem(_))));
    }
}
