//! A certificate as `keytool -list -v` shows it: names in the order of RFC 4514, colons in fingerprints, UTC.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_MD5WITHRSAENC, OID_PKCS1_RSASSAPSS,
    OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA,
    OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512, OID_SIG_ED25519, Oid,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use crate::certificate::Certificate;
use crate::{pem, spki};

/// The facts of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CertificateView {
    /// The subject.
    pub owner: String,
    /// The issuer.
    pub issuer: String,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// Start of the validity, seconds since the Unix epoch.
    pub not_before: i64,
    /// End of the validity, seconds since the Unix epoch.
    pub not_after: i64,
    /// SHA-1 of the DER form, upper case with colons.
    pub sha1: String,
    /// SHA-256 of the DER form, upper case with colons.
    pub sha256: String,
    /// The signature algorithm under Java's name, or its object identifier.
    pub signature_algorithm: String,
    /// The public key: `2048-bit RSA key`.
    pub public_key: String,
    /// Whether it counts as an authority, which is never a client's.
    pub authority: bool,
}

impl CertificateView {
    /// Reads the DER form. Returns `None` if it is not a certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, x509) = X509Certificate::from_der(der).ok()?;
        Some(Self {
            owner: name(x509.subject()),
            issuer: name(x509.issuer()),
            serial: format!("{:x}", x509.serial),
            not_before: x509.validity().not_before.timestamp(),
            not_after: x509.validity().not_after.timestamp(),
            sha1: colons(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
            sha256: Self::fingerprint(der),
            signature_algorithm: signature(&x509.signature_algorithm.algorithm),
            public_key: public_key(&x509),
            authority: Certificate::from_der(der).is_ok_and(|certificate| certificate.is_authority()),
        })
    }

    /// SHA-256 of any DER form, upper case with colons.
    #[must_use]
    pub fn fingerprint(der: &[u8]) -> String {
        colons(digest(&SHA256, der).as_ref())
    }
}

/// A certificate as PEM.
#[must_use]
pub fn certificate_pem(der: &[u8]) -> String {
    pem::armour("CERTIFICATE", der).to_string()
}

/// The innermost name first, which is the reverse of the encoding.
fn name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<_> = name.iter_rdn().cloned().collect();
    parts.reverse();
    X509Name::new(parts, name.as_raw()).to_string()
}

fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn signature(oid: &Oid<'_>) -> String {
    let names = [
        (OID_PKCS1_SHA256WITHRSA, "SHA256withRSA"),
        (OID_PKCS1_SHA384WITHRSA, "SHA384withRSA"),
        (OID_PKCS1_SHA512WITHRSA, "SHA512withRSA"),
        (OID_PKCS1_SHA1WITHRSA, "SHA1withRSA"),
        (OID_PKCS1_MD5WITHRSAENC, "MD5withRSA"),
        (OID_PKCS1_RSASSAPSS, "RSASSA-PSS"),
        (OID_SIG_ECDSA_WITH_SHA256, "SHA256withECDSA"),
        (OID_SIG_ECDSA_WITH_SHA384, "SHA384withECDSA"),
        (OID_SIG_ECDSA_WITH_SHA512, "SHA512withECDSA"),
        (OID_SIG_ED25519, "Ed25519"),
    ];
    names.into_iter().find(|(known, _)| known == oid).map_or_else(|| oid.to_id_string(), |(_, name)| name.to_owned())
}

fn public_key(x509: &X509Certificate<'_>) -> String {
    let key = x509.public_key();
    let curve = spki::named_curve(key);
    match (key.parsed(), curve) {
        (Ok(PublicKey::RSA(rsa)), _) => format!("{}-bit RSA key", rsa.key_size()),
        (Ok(PublicKey::EC(_)), Some(curve)) => {
            let names = [
                (OID_EC_P256, "256-bit EC (secp256r1) key"),
                (OID_NIST_EC_P384, "384-bit EC (secp384r1) key"),
                (OID_NIST_EC_P521, "521-bit EC (secp521r1) key"),
            ];
            let known = names.into_iter().find(|(known, _)| *known == curve);
            known.map_or_else(|| format!("EC key on the curve {curve}"), |(_, name)| name.to_owned())
        }
        _ if key.algorithm.algorithm == OID_SIG_ED25519 => "255-bit Ed25519 key".to_owned(),
        _ => format!("key of type {}", key.algorithm.algorithm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_has_no_view() {
        assert_eq!(CertificateView::of(b"0\x03abc"), None);
        assert_eq!(CertificateView::fingerprint(b"").len(), 95);
    }
}
