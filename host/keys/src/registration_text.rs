//! The content of a file as a registration stores it: PEM or JSON text, whatever the file's encoding.

use crate::text::{foreign_encoding, without_mark};
use crate::{misplaced, pem, spki};

/// Why the content of a file cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RegistrationTextError(String);

/// Turns the content of a certificate or key set file into text: skips a byte order mark, and writes DER as PEM. Does not
/// judge the keys.
///
/// # Errors
/// [`RegistrationTextError`] says what the file is instead.
pub fn registration_text(bytes: &[u8]) -> Result<String, RegistrationTextError> {
    let rejected = |what: &str| RegistrationTextError(what.to_owned());
    let bytes = without_mark(bytes);
    if let Some(what) = foreign_encoding(bytes) {
        return Err(rejected(what));
    }
    if bytes.first() == Some(&0x30) && !pem::is_pem(bytes) {
        return match misplaced::file(bytes) {
            Some(what) => Err(rejected(what)),
            None => Ok(pem::armour(if spki::is_spki(bytes) { "PUBLIC KEY" } else { "CERTIFICATE" }, bytes).to_string()),
        };
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        rejected(misplaced::file(bytes).unwrap_or("it is neither PEM nor DER nor JSON in UTF-8: export it again"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyFamily, KeyInput, KeySet, SigningKey};

    #[test]
    fn der_becomes_pem_and_text_stays_as_it_is_without_its_mark() {
        let key = SigningKey::generate(KeyFamily::P256).unwrap();
        let certificate = key.self_signed_certificate("c", 0, 4_000_000_000).unwrap().replace("\r\n", "\n");
        for pem in [certificate, key.public_key_pem().unwrap()] {
            let der = &pem::blocks(pem.as_bytes()).unwrap()[0].der;
            assert_eq!(registration_text(der).as_ref(), Ok(&pem));
            assert_eq!(registration_text(pem.as_bytes()).as_ref(), Ok(&pem));
            assert_eq!(registration_text(format!("\u{feff}{pem}").as_bytes()).as_ref(), Ok(&pem));
            let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: pem.as_bytes() }], 1);
            assert_eq!((keys.keys().len(), findings.as_slice()), (1, &[][..]));
        }
        assert_eq!(registration_text("\u{feff}{\"keys\":[]}".as_bytes()).as_deref(), Ok("{\"keys\":[]}"));
        assert_eq!(registration_text(b"anything").as_deref(), Ok("anything"), "the reader of keys judges it");
    }

    #[test]
    fn a_file_that_is_no_text_and_no_der_is_named() {
        for (bytes, expected) in [
            (&b"\xff\xfe-\0"[..], "UTF-16"),
            (b"\xfe\xed\xfe\xed\0\0\0\x02", "JKS keystore"),
            (b"\x80\x81", "neither PEM nor DER"),
            (b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "PKCS#7"),
        ] {
            let error = registration_text(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
