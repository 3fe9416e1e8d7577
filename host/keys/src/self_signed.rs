//! Self-signed certificates: the form in which a client's key is registered in WSO2 Identity Server.

use rcgen::{CertificateParams, DistinguishedName, DnType, IsCa, KeyUsagePurpose, SignatureAlgorithm};
use rustls_pki_types::PrivatePkcs8KeyDer;
use x509_parser::time::ASN1Time;
use zeroize::Zeroize as _;

use crate::algorithm::{Curve, KeyKind};
use crate::signing_error::SigningError;
use crate::signing_key::SigningKey;

impl SigningKey {
    /// A certificate of this key for the common name, signed with SHA-256 (RSA, P-256), SHA-384 (P-384), SHA-512
    /// (P-521) or Ed25519. Times in seconds since the Unix epoch, both inclusive.
    ///
    /// # Errors
    /// [`SigningError::Certificate`] when the times cannot be written, or for a key of ML-DSA.
    pub fn self_signed_certificate(
        &self,
        common_name: &str,
        not_before: i64,
        not_after: i64,
    ) -> Result<String, SigningError> {
        let failed = |error: &dyn std::fmt::Display| SigningError::Certificate(error.to_string());
        let time = |seconds| match ASN1Time::from_timestamp(seconds) {
            Ok(time) => Ok(time.to_datetime()),
            Err(error) => Err(failed(&error)),
        };
        let mut params = CertificateParams::default();
        params.not_before = time(not_before)?;
        params.not_after = time(not_after)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];

        let der = self.to_pkcs8_der()?;
        let der = PrivatePkcs8KeyDer::from(der.as_slice());
        let algorithm = algorithm(self.kind()).ok_or_else(|| failed(&"none is made for a key of ML-DSA"))?;
        let mut pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, algorithm).map_err(|error| failed(&error))?;
        let certificate = params.self_signed(&pair).map_err(|error| failed(&error));
        pair.zeroize();
        Ok(certificate?.pem())
    }
}

fn algorithm(kind: KeyKind) -> Option<&'static SignatureAlgorithm> {
    Some(match kind {
        KeyKind::Rsa => &rcgen::PKCS_RSA_SHA256,
        KeyKind::Ec(Curve::P256) => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyKind::Ec(Curve::P384) => &rcgen::PKCS_ECDSA_P384_SHA384,
        KeyKind::Ec(Curve::P521) => &rcgen::PKCS_ECDSA_P521_SHA512,
        KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
        KeyKind::MlDsa(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::{KeyFamily, KeyInput, KeySet, SigningKey};
    use dropins_services::PublicKey as _;

    #[test]
    fn a_certificate_carries_the_key_the_name_and_the_times() {
        for family in [KeyFamily::Rsa2048, KeyFamily::P256, KeyFamily::P384, KeyFamily::P521, KeyFamily::Ed25519] {
            let key = SigningKey::generate(family).unwrap();
            let pem = key.self_signed_certificate("my client", 1_700_000_000, 1_800_000_000).unwrap();
            let input = KeyInput::Certificate { name: Some("a.pem"), bytes: pem.as_bytes() };
            let (keys, findings) = KeySet::read(&[input], 1_750_000_000);
            assert_eq!(findings, [], "{family:?}");
            let [public] = keys.keys() else { panic!("one key") };
            let described = public.describe();
            assert_eq!(described.thumbprint, key.thumbprint());
            assert_eq!(described.source, "certificate:a.pem");
            assert_eq!((described.not_before, described.not_after), (Some(1_700_000_000), Some(1_800_000_000)));
        }
    }
}
