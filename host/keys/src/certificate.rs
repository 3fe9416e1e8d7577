//! Client certificates and bare public keys, PEM or DER.
//!
//! A certificate is a container for a key that was registered by hand, so its issuer is not judged, and a self-signed
//! one may say CA:TRUE as `openssl req -x509` makes it. A private key is refused loudly. In a file that holds a chain,
//! the authorities of the chain are no keys of the client.

use rustls_pki_types::pem::SectionKind;
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;

use crate::client_key::{CertificateFacts, ClientKey};
use crate::finding::{Reading, Refusal, Severity, quoted};
use crate::material::Material;
use crate::validity::Validity;
use crate::{pem, spki};

/// The largest certificate text, in bytes, and the largest number of PEM blocks in it.
const MAX_BYTES: usize = 64 * 1024;
const MAX_BLOCKS: usize = 64;

/// One parsed certificate.
pub(crate) struct Certificate<'a> {
    der: &'a [u8],
    x509: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads the DER form; nothing may follow it.
    pub(crate) fn from_der(der: &'a [u8]) -> Result<Self, Refusal> {
        match X509Certificate::from_der(der) {
            Ok(([], x509)) => Ok(Self { der, x509 }),
            Ok(_) => Err(Refusal::error("bytes follow the certificate: export it again")),
            Err(_) => Err(Refusal::error("this is no X.509 certificate: export it again")),
        }
    }

    /// The key in it.
    pub(crate) fn material(&self) -> Result<Material, Refusal> {
        spki::material(self.x509.public_key())
    }

    /// Thumbprints and validity.
    pub(crate) fn facts(&self) -> CertificateFacts {
        CertificateFacts::new(self.der, Validity::from(self.x509.validity()))
    }

    /// Whether it is there to sign other certificates: CA:TRUE, and issued by another authority or with the usage
    /// `keyCertSign`. `openssl req -x509` makes CA:TRUE without that usage for what are plain client certificates.
    pub(crate) fn is_authority(&self) -> bool {
        let signs_certificates = match self.x509.key_usage() {
            Ok(usage) => usage.is_some_and(|usage| usage.value.key_cert_sign()),
            Err(_) => true,
        };
        self.x509.is_ca() && (signs_certificates || !self.is_self_issued())
    }

    fn is_self_issued(&self) -> bool {
        self.x509.subject().as_raw() == self.x509.issuer().as_raw()
    }

    fn issued(&self, other: &Self) -> bool {
        !other.is_self_issued() && other.x509.issuer().as_raw() == self.x509.subject().as_raw()
    }

    /// Whether it belongs to the chain of another certificate in the file. Where some authority issued a certificate,
    /// every CA certificate is such an authority; where all are self-signed, they are old and new keys of one client.
    pub(crate) fn is_authority_among(&self, all: &[Self]) -> bool {
        let holds_chain = all.len() > 1 && !all.iter().all(Self::is_self_issued);
        all.iter().any(|other| self.issued(other)) || (holds_chain && self.x509.is_ca())
    }
}

/// Reads a certificate text; `now` in seconds since the Unix epoch.
pub(crate) fn read(bytes: &[u8], source: String, now: i64) -> Reading {
    let mut reading = Reading::new(source);
    if bytes.len() > MAX_BYTES {
        let message = format!("the certificate text has {} bytes, allowed are {MAX_BYTES}", bytes.len());
        reading.report(Severity::Error, "", message);
    } else if pem::is_pem(bytes) {
        read_pem(&mut reading, bytes, now);
    } else if bytes.first() == Some(&0x30) {
        read_der(&mut reading, bytes, now);
    } else {
        let message = "there is no certificate here: it must begin with -----BEGIN CERTIFICATE----- (PEM) or be DER";
        reading.report(Severity::Error, "", message);
    }
    reading.finish()
}

fn read_der(reading: &mut Reading, der: &[u8], now: i64) {
    if spki::is_spki(der) {
        add_public_key(reading, "public key 1", der, now);
    } else {
        add_certificates(reading, &[der], now);
    }
}

fn read_pem(reading: &mut Reading, text: &[u8], now: i64) {
    for label in pem::labels(text) {
        if let Some(refusal) = misplaced(&label) {
            reading.refuse(&format!("block {}", quoted(&label)), refusal);
        }
    }
    let blocks = match pem::blocks(text) {
        Ok(blocks) if blocks.len() > MAX_BLOCKS => {
            let message = format!("the text holds {} PEM blocks, allowed are {MAX_BLOCKS}", blocks.len());
            return reading.report(Severity::Error, "", message);
        }
        Ok(blocks) => blocks,
        Err(error) => return reading.report(Severity::Error, "", error),
    };
    let of_kind = |kind| blocks.iter().filter(move |block| block.kind == kind).map(|block| block.der.as_slice());
    let certificates: Vec<_> = of_kind(SectionKind::Certificate).collect();
    add_certificates(reading, &certificates, now);
    for (index, der) in of_kind(SectionKind::PublicKey).enumerate() {
        add_public_key(reading, &format!("public key {}", index + 1), der, now);
    }
}

/// What is to be said about a PEM block that is neither a certificate nor a public key.
fn misplaced(label: &str) -> Option<Refusal> {
    match label {
        "CERTIFICATE" | "PUBLIC KEY" => None,
        private if private.ends_with("PRIVATE KEY") => Some(Refusal::error(
            "IT IS A PRIVATE KEY: whoever reads this file can sign as the client. Treat it as disclosed, generate a new \
             key pair, and register only its certificate or public key",
        )),
        "RSA PUBLIC KEY" => Some(Refusal::error(
            "it is a PKCS#1 public key: convert it with `openssl rsa -RSAPublicKey_in -in FILE -pubout`",
        )),
        "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            Some(Refusal::error("it is an old form of certificate: convert it with `openssl x509 -in FILE`"))
        }
        _ => Some(Refusal::skip("it is neither CERTIFICATE nor PUBLIC KEY and was passed over")),
    }
}

fn add_certificates(reading: &mut Reading, ders: &[&[u8]], now: i64) {
    let mut certificates = Vec::new();
    for (index, der) in ders.iter().enumerate() {
        match Certificate::from_der(der) {
            Ok(certificate) => certificates.push((index, certificate)),
            Err(refusal) => reading.refuse(&format!("certificate {}", index + 1), refusal),
        }
    }
    let (numbers, certificates): (Vec<_>, Vec<_>) = certificates.into_iter().unzip();
    for (index, certificate) in numbers.into_iter().zip(&certificates) {
        let label = format!("certificate {} ({})", index + 1, quoted(&certificate.x509.subject().to_string()));
        if certificate.is_authority_among(&certificates) {
            reading.report(
                Severity::Warning,
                &label,
                "it is an authority of the chain, not a key of the client: passed over",
            );
            continue;
        }
        match client_key(certificate, &reading.source) {
            Ok(key) => reading.add(&label, key, now),
            Err(refusal) => reading.refuse(&label, refusal),
        }
    }
}

fn client_key(certificate: &Certificate<'_>, source: &str) -> Result<ClientKey, Refusal> {
    let facts = Some(certificate.facts());
    ClientKey::new(certificate.material()?, None, None, facts, source.to_owned()).map_err(Refusal::error)
}

fn add_public_key(reading: &mut Reading, label: &str, der: &[u8], now: i64) {
    let key = spki::from_der(der).and_then(|material| {
        ClientKey::new(material, None, None, None, reading.source.clone()).map_err(Refusal::error)
    });
    match key {
        Ok(key) => reading.add(label, key, now),
        Err(refusal) => reading.refuse(label, refusal),
    }
}

#[cfg(test)]
mod tests;
