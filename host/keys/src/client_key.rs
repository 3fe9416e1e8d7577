//! One public key of a client: parsed once, with a prepared verifier for each algorithm that fits.
//!
//! Verification costs no more than in aws-lc-rs. An algorithm without a verifier is rejected, so a key only ever serves
//! the algorithms of its kind and of its declared `alg`.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::signature::ParsedPublicKey;
use dropins_services::{KeyDescription, PublicKey, Unsupported};

use crate::algorithm::{Algorithm, KeyKind};
use crate::base64url;
use crate::failure_note::FailureNote;
use crate::material::{Material, MaterialError};
use crate::validity::Validity;

/// Memory of a key besides its verifiers, and of a verifier besides its numbers: estimates, rather high.
const KEY_OVERHEAD: usize = 1024;
const VERIFIER_OVERHEAD: usize = 768;

/// A public key that may verify a client's signatures.
#[derive(Debug)]
pub struct ClientKey {
    material: Material,
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
    kid: Option<String>,
    thumbprint: String,
    certificate: Option<CertificateFacts>,
    source: String,
    failures: Option<FailureNote>,
}

/// What a certificate says about its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFacts {
    /// SHA-1 of the DER form, base64url (RFC 7515 section 4.1.7).
    pub(crate) x5t: String,
    /// SHA-256 of the DER form, base64url (RFC 7515 section 4.1.8).
    pub(crate) x5t_s256: String,
    /// Absent for the `x5c` of a JWK, whose validity ends nothing.
    pub(crate) validity: Option<Validity>,
}

impl CertificateFacts {
    pub(crate) fn new(der: &[u8], validity: Option<Validity>) -> Self {
        // SHA-1 only names a certificate here; no trust depends on it.
        let x5t = base64url::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, der));
        Self { x5t, x5t_s256: base64url::sha256(der), validity }
    }
}

impl ClientKey {
    /// Prepares a verifier for each algorithm that fits the key, or for the declared one only.
    pub(crate) fn new(
        material: Material,
        declared: Option<Algorithm>,
        kid: Option<String>,
        certificate: Option<CertificateFacts>,
        source: String,
    ) -> Result<Self, MaterialError> {
        let verifiers = material
            .kind()
            .algorithms()
            .filter(|algorithm| declared.is_none_or(|declared| declared.is_same_as(*algorithm)))
            .map(|algorithm| Ok((algorithm, material.parsed(algorithm)?)))
            .collect::<Result<_, MaterialError>>()?;
        let thumbprint = material.thumbprint();
        Ok(Self { material, verifiers, kid, thumbprint, certificate, source, failures: None })
    }

    /// The same key, as one of a published set that can be fetched again.
    pub(crate) fn with_failures(mut self, failures: FailureNote) -> Self {
        self.failures = Some(failures);
        self
    }

    /// Roughly how many bytes of memory the key with its prepared verifiers takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.verifiers.len().saturating_mul(VERIFIER_OVERHEAD + 2 * self.material.size()).saturating_add(KEY_OVERHEAD)
    }

    /// The length of a signature, as far as it depends on the key.
    pub(crate) fn signature_bytes(&self) -> usize {
        match &self.material {
            Material::Rsa { n, .. } => n.len(),
            Material::Ec { curve, .. } => 2 * curve.coordinate_bytes(),
            Material::Ed25519(_) => 64,
            Material::MlDsa { set, .. } => set.signature_bytes(),
        }
    }

    /// The kind of key.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.material.kind()
    }

    /// The key id, when the key has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// SHA-256 thumbprint of the JWK, base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// SHA-1 thumbprint of the certificate, base64url (RFC 7515 section 4.1.7).
    #[must_use]
    pub fn x5t(&self) -> Option<&str> {
        self.certificate.as_ref().map(|certificate| certificate.x5t.as_str())
    }

    /// SHA-256 thumbprint of the certificate, base64url (RFC 7515 section 4.1.8).
    #[must_use]
    pub fn x5t_s256(&self) -> Option<&str> {
        self.certificate.as_ref().map(|certificate| certificate.x5t_s256.as_str())
    }

    /// The validity of the certificate that the key was registered as.
    pub(crate) fn validity(&self) -> Option<Validity> {
        self.certificate.as_ref().and_then(|certificate| certificate.validity)
    }

    /// The algorithms that the key verifies.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Whether the key verifies this algorithm.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.verifier(algorithm).is_some()
    }

    fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.verifiers.iter().find_map(|(fitting, verifier)| (*fitting == algorithm).then_some(verifier))
    }

    fn mismatch(&self, algorithm: Algorithm) -> Unsupported {
        let kind = self.kind();
        Unsupported::KeyMismatch(if kind == algorithm.key_kind() {
            let declared: Vec<_> = self.algorithms().map(Algorithm::name).collect();
            format!("it is declared for {}, not for {algorithm}", declared.join(" and "))
        } else {
            format!("{algorithm} needs a key of type {}, this one is {kind}", algorithm.key_kind())
        })
    }
}

impl PublicKey for ClientKey {
    fn describe(&self) -> KeyDescription {
        let validity = self.validity();
        KeyDescription {
            kid: self.kid.clone(),
            thumbprint: self.thumbprint.clone(),
            source: self.source.clone(),
            not_before: validity.map(|validity| validity.not_before),
            not_after: validity.map(|validity| validity.not_after),
        }
    }

    fn jwk(&self) -> String {
        self.material.jwk()
    }

    fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
        let Some(algorithm) = Algorithm::parse(algorithm) else {
            return Err(Unsupported::Algorithm(algorithm.to_owned()));
        };
        let verifier = self.verifier(algorithm).ok_or_else(|| self.mismatch(algorithm))?;
        let verified = verifier.verify_sig(message, signature).is_ok();
        if let Some(failures) = &self.failures {
            failures.record(verified);
        }
        Ok(verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyFamily, SigningKey};

    const MESSAGE: &[u8] = b"header.claims";

    fn client_key(key: &SigningKey, declared: Option<Algorithm>) -> ClientKey {
        let mut jwk = key.public_jwk();
        jwk.extend(declared.map(|algorithm| ("alg".to_owned(), algorithm.name().into())));
        crate::jwk::read(&jwk.into(), "test", crate::KeyPurpose::Signature, 0, &mut |_| ()).unwrap()
    }

    #[test]
    fn every_algorithm_verifies_its_own_signatures_and_nothing_else() {
        for family in KeyFamily::ALL.into_iter().filter(|family| *family != KeyFamily::Rsa4096) {
            let key = SigningKey::generate(family).unwrap();
            let other = SigningKey::generate(family).unwrap();
            let public = client_key(&key, None);
            assert!(key.algorithms().next().is_some());
            for algorithm in key.algorithms() {
                let name = algorithm.name();
                let signature = key.sign(algorithm, MESSAGE).unwrap();
                assert_eq!(public.verify(name, MESSAGE, &signature), Ok(true), "{name}");
                assert_eq!(public.verify(name, b"header.claimt", &signature), Ok(false), "{name}");
                assert_eq!(public.verify(name, MESSAGE, &other.sign(algorithm, MESSAGE).unwrap()), Ok(false), "{name}");
                for damaged in
                    [&signature[1..], &signature[..signature.len() - 1], &[&[0], &signature[..]].concat(), &[]]
                {
                    assert_eq!(public.verify(name, MESSAGE, damaged), Ok(false), "{name} {}", damaged.len());
                }
                for related in key.algorithms().filter(|related| !related.is_same_as(algorithm)) {
                    assert_eq!(public.verify(related.name(), MESSAGE, &signature), Ok(false), "{name} as {related}");
                }
            }
        }
    }

    #[test]
    fn an_algorithm_of_another_kind_of_key_is_a_mismatch_that_names_both() {
        let public = client_key(&SigningKey::generate(KeyFamily::P256).unwrap(), None);
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| *algorithm != Algorithm::Es256) {
            let Err(Unsupported::KeyMismatch(text)) = public.verify(algorithm.name(), MESSAGE, &[0; 64]) else {
                panic!("{algorithm} is no mismatch");
            };
            assert!(text.contains("P-256") && text.contains(algorithm.name()), "{text}");
        }
    }

    #[test]
    fn an_algorithm_outside_the_table_is_unsupported() {
        let public = client_key(&SigningKey::generate(KeyFamily::Ed25519).unwrap(), None);
        for name in ["none", "HS256", "eddsa", "ES256K", ""] {
            assert_eq!(public.verify(name, MESSAGE, &[]), Err(Unsupported::Algorithm(name.to_owned())));
        }
    }

    #[test]
    fn a_declared_algorithm_excludes_the_others_of_its_kind() {
        let key = SigningKey::generate(KeyFamily::Rsa2048).unwrap();
        let public = client_key(&key, Some(Algorithm::Ps256));
        let sign = |algorithm| key.sign(algorithm, MESSAGE).unwrap();
        assert_eq!(public.verify("PS256", MESSAGE, &sign(Algorithm::Ps256)), Ok(true));
        let mismatch = public.verify("RS256", MESSAGE, &sign(Algorithm::Rs256));
        assert_eq!(mismatch, Err(Unsupported::KeyMismatch("it is declared for PS256, not for RS256".to_owned())));

        let key = SigningKey::generate(KeyFamily::Ed25519).unwrap();
        let public = client_key(&key, Some(Algorithm::EdDsa));
        assert_eq!(public.verify("Ed25519", MESSAGE, &key.sign(Algorithm::Ed25519, MESSAGE).unwrap()), Ok(true));
    }

    /// RFC 8037 appendix A.4.
    #[test]
    fn the_ed25519_signature_of_rfc_8037_verifies() {
        let x = base64url::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let public = ClientKey::new(Material::ed25519(&x).unwrap(), None, None, None, "test".to_owned()).unwrap();
        let signature =
            base64url::decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        assert_eq!(public.verify("EdDSA", message, &signature.unwrap()), Ok(true));
    }
}
