//! One X.509 certificate: the key in it, its facts, and whether it is an authority.
//!
//! Its issuer is not checked: a certificate is a container for a key that was registered by hand.

use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;

use crate::client_key::CertificateFacts;
use crate::material::Material;
use crate::reading::KeyRefusal;
use crate::spki;
use crate::validity::Validity;

/// One parsed certificate.
pub(crate) struct Certificate<'a> {
    der: &'a [u8],
    x509: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads the DER form; nothing may follow it.
    pub(crate) fn from_der(der: &'a [u8]) -> Result<Self, KeyRefusal> {
        match X509Certificate::from_der(der) {
            Ok(([], x509)) => Ok(Self { der, x509 }),
            Ok(_) => Err(KeyRefusal::error("bytes follow the certificate: export it again")),
            Err(_) => Err(KeyRefusal::error("this is no X.509 certificate: export it again")),
        }
    }

    /// The key in it.
    pub(crate) fn material(&self) -> Result<Material, KeyRefusal> {
        spki::material(self.x509.public_key())
    }

    /// Thumbprints and validity, for a key that was registered as this certificate.
    pub(crate) fn facts(&self) -> CertificateFacts {
        CertificateFacts::new(self.der, Some(self.validity()))
    }

    /// The thumbprints alone.
    pub(crate) fn thumbprints(&self) -> CertificateFacts {
        CertificateFacts::new(self.der, None)
    }

    pub(crate) fn validity(&self) -> Validity {
        Validity::from(self.x509.validity())
    }

    /// Whether its purpose is to sign certificates: CA:TRUE, and issued by another authority or with the usage
    /// `keyCertSign`. `openssl req -x509` makes client certificates with CA:TRUE and without that usage.
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

    /// Whether it belongs to the chain of another certificate in the file. If an authority issued one of them, every CA
    /// certificate is an authority of the chain; if all are self-signed, they are old and new keys of one client.
    pub(crate) fn is_authority_among(&self, all: &[Self]) -> bool {
        let holds_chain = all.len() > 1 && !all.iter().all(Self::is_self_issued);
        all.iter().any(|other| self.issued(other)) || (holds_chain && self.x509.is_ca())
    }

    /// The subject's name, for messages.
    pub(crate) fn subject(&self) -> String {
        self.x509.subject().to_string()
    }
}
