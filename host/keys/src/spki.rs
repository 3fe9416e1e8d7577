//! SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7): how certificates and `PUBLIC KEY` blocks carry a key.
//!
//! A key of an unknown kind is skipped; a damaged key is rejected.

use x509_parser::asn1_rs::{FromDer as _, Tag};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION,
    OID_PKCS1_RSASSAPSS, OID_SIG_ED25519, Oid,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::algorithm::Curve;
use crate::material::Material;
use crate::ml_dsa::MlDsa;
use crate::reading::KeyRefusal;

/// Reads the DER form; nothing may follow it.
pub(crate) fn from_der(der: &[u8]) -> Result<Material, KeyRefusal> {
    match SubjectPublicKeyInfo::from_der(der) {
        Ok(([], spki)) => material(&spki),
        _ => Err(KeyRefusal::error("this is no public key (SubjectPublicKeyInfo): export it again")),
    }
}

/// Whether the bytes have the form of a public key rather than that of a certificate.
pub(crate) fn is_spki(der: &[u8]) -> bool {
    SubjectPublicKeyInfo::from_der(der).is_ok()
}

/// The key that a parsed structure holds.
pub(crate) fn material(spki: &SubjectPublicKeyInfo<'_>) -> Result<Material, KeyRefusal> {
    let kind = &spki.algorithm.algorithm;
    let bits = spki.subject_public_key.data.as_ref();
    if *kind == OID_PKCS1_RSAENCRYPTION {
        match spki.parsed() {
            Ok(PublicKey::RSA(key)) => Material::rsa(key.modulus, key.exponent).map_err(KeyRefusal::error),
            _ => Err(KeyRefusal::error("the RSA public key is damaged: export it again")),
        }
    } else if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY {
        Material::ec_point(curve(spki)?, bits).map_err(KeyRefusal::error)
    } else if *kind == OID_SIG_ED25519 {
        Material::ed25519(bits).map_err(KeyRefusal::error)
    } else if let Some(set) = MlDsa::ALL.into_iter().find(|set| kind.to_id_string() == set.oid()) {
        Material::ml_dsa(set, bits).map_err(KeyRefusal::error)
    } else if *kind == OID_PKCS1_RSASSAPSS {
        Err(KeyRefusal::error(
            "the key is restricted to RSASSA-PSS in its certificate, which is not supported: \
             use a plain RSA key (rsaEncryption), it also signs PS256, PS384 and PS512",
        ))
    } else {
        Err(KeyRefusal::skip(format!(
            "keys of type {kind} are not supported; use RSA, P-256, P-384, P-521, Ed25519 or ML-DSA"
        )))
    }
}

/// The curve of an EC key. Returns `None` if it is given by its parameters.
pub(crate) fn named_curve<'a>(spki: &SubjectPublicKeyInfo<'a>) -> Option<Oid<'a>> {
    // Reading an object identifier does not check the tag.
    let parameters = spki.algorithm.parameters.as_ref().filter(|parameters| parameters.tag() == Tag::Oid)?;
    Oid::try_from(parameters.clone()).ok()
}

fn curve(spki: &SubjectPublicKeyInfo<'_>) -> Result<Curve, KeyRefusal> {
    let Some(oid) = named_curve(spki) else {
        return Err(KeyRefusal::error("the elliptic curve is given by its parameters: use a named curve (RFC 5480)"));
    };
    [(OID_EC_P256, Curve::P256), (OID_NIST_EC_P384, Curve::P384), (OID_NIST_EC_P521, Curve::P521)]
        .into_iter()
        .find_map(|(known, curve)| (known == oid).then_some(curve))
        .ok_or_else(|| KeyRefusal::skip(format!("the curve {oid} is not supported; use P-256, P-384 or P-521")))
}
