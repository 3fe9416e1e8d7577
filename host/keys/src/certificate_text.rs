//! Certificates and public keys of one client, PEM or DER.
//!
//! A self-signed certificate may say CA:TRUE, as `openssl req -x509` makes it. A private key is rejected loudly. In a
//! text that holds a chain, the authorities of the chain are no keys of the client.

use crate::certificate::Certificate;
use crate::client_key::ClientKey;
use crate::finding::Severity;
use crate::reading::{KeyRefusal, Reading};
use crate::text::{foreign_encoding, quoted, without_mark};
use crate::{misplaced, pem, spki};

/// The largest certificate text, in bytes, and the largest number of PEM blocks in it.
const MAX_BYTES: usize = 64 * 1024;
const MAX_BLOCKS: usize = 64;

/// Reads a certificate text; `now` in seconds since the Unix epoch.
pub(crate) fn read(bytes: &[u8], source: String, now: i64) -> Reading {
    let mut reading = Reading::new(source);
    let bytes = without_mark(bytes);
    if bytes.len() > MAX_BYTES {
        let message = format!("the certificate text has {} bytes, allowed are {MAX_BYTES}", bytes.len());
        reading.report(Severity::Error, "", message);
    } else if let Some(what) = foreign_encoding(bytes).or_else(|| misplaced::file(bytes)) {
        reading.report(Severity::Error, "", what);
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
        if let Some(refusal) = misplaced::block(&label) {
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
    let labelled = |label| blocks.iter().filter(move |block| block.label == label).map(|block| block.der.as_slice());
    let certificates: Vec<_> = labelled("CERTIFICATE").collect();
    add_certificates(reading, &certificates, now);
    for (index, der) in labelled("PUBLIC KEY").enumerate() {
        add_public_key(reading, &format!("public key {}", index + 1), der, now);
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
        let label = format!("certificate {} ({})", index + 1, quoted(&certificate.subject()));
        if certificate.is_authority_among(&certificates) {
            reading.report(
                Severity::Warning,
                &label,
                "it is an authority of the chain, not a key of the client: skipped",
            );
            continue;
        }
        match client_key(certificate, &reading.source) {
            Ok(key) => reading.add(&label, key, now),
            Err(refusal) => reading.refuse(&label, refusal),
        }
    }
}

fn client_key(certificate: &Certificate<'_>, source: &str) -> Result<ClientKey, KeyRefusal> {
    let facts = Some(certificate.facts());
    ClientKey::new(certificate.material()?, None, None, facts, source.to_owned()).map_err(KeyRefusal::error)
}

fn add_public_key(reading: &mut Reading, label: &str, der: &[u8], now: i64) {
    let key = spki::from_der(der).and_then(|material| {
        ClientKey::new(material, None, None, None, reading.source.clone()).map_err(KeyRefusal::error)
    });
    match key {
        Ok(key) => reading.add(label, key, now),
        Err(refusal) => reading.refuse(label, refusal),
    }
}

#[cfg(test)]
mod tests;
