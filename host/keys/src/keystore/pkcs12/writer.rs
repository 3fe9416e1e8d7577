//! Writes PKCS#12 as current Java does: certificates under PBES2 with AES-256, HMAC-SHA256 over all, 10 000 iterations.
//!
//! Key bags are copied as they are, under the password that they were sealed with. A store without a MAC gets none, and
//! its certificates stay in the clear, so that no tool suddenly asks for a password.

use std::collections::HashSet;

use aws_lc_rs::{hmac, rand};
use cms::cert::x509::attr::{Attribute, Attributes};
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::encrypted_data::EncryptedData;
use cms::enveloped_data::EncryptedContentInfo;
use der::asn1::{BmpString, OctetString, SetOfVec};
use der::oid::ObjectIdentifier;
use der::{Any, Decode as _, Encode as _};
use pkcs5::pbes2;
use pkcs12::pfx::{Pfx, Version};
use pkcs12::safe_bag::SafeBag;
use pkcs12::{CertBag, DigestInfo, MacData, kdf};

use super::bag::{CERTIFICATE_BAG, DATA, ENCRYPTED_DATA, FRIENDLY_NAME, LOCAL_KEY_ID};
use crate::keystore::entry::{Content, Entry};
use crate::keystore::error::StoreError;
use crate::keystore::store::Keystore;

const ITERATIONS: i32 = 10_000;
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
/// Java shows a certificate as an entry only if it says for what it is trusted: for everything.
const TRUSTED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113894.746875.1.1");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// The bytes of the store.
pub(in crate::keystore) fn write(store: &Keystore, password: &str) -> Result<Vec<u8>, StoreError> {
    if store.pkcs12.hidden_keys > 0 {
        return Err(StoreError::NotRewritable);
    }
    for entry in &store.entries {
        BmpString::from_utf8(&entry.alias).map_err(|_| StoreError::AliasNotWritable { alias: entry.alias.clone() })?;
    }
    pfx(store, password).map_err(|error| StoreError::Der(error.to_string()))
}

/// Why the store cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error(transparent)]
    Der(#[from] der::Error),
    #[error("encryption failed: {0}")]
    Encryption(pkcs5::Error),
    #[error("there is no randomness")]
    Randomness,
}

fn pfx(store: &Keystore, password: &str) -> Result<Vec<u8>, WriteError> {
    let (certificates, keys) = bags(store)?;
    let unprotected = store.pkcs12.unprotected;
    let mut safes = Vec::new();
    if !certificates.is_empty() {
        safes.push(if unprotected { clear(certificates)? } else { encrypted(certificates, password)? });
    }
    if !keys.is_empty() {
        safes.push(clear(keys)?);
    }
    let auth_safe = data(safes.to_der()?)?;
    let mac_data = if unprotected { None } else { Some(mac(auth_safe.content.value(), password)?) };
    Ok(Pfx { version: Version::V3, auth_safe, mac_data }.to_der()?)
}

/// Certificate bags, and all others as they came. An authority of several chains is written once.
fn bags(store: &Keystore) -> der::Result<(Vec<Any>, Vec<Any>)> {
    let mut written: HashSet<&[u8]> = store.entries.iter().filter_map(own_certificate).collect();
    let (mut certificates, mut keys) = (Vec::new(), Vec::new());
    for entry in &store.entries {
        match &entry.content {
            Content::Certificate(der) => {
                let attributes = [name(&entry.alias)?, attribute(TRUSTED_KEY_USAGE, &ANY_USAGE)?];
                certificates.push(certificate(der, attributes)?);
            }
            Content::PrivateKey { sealed, chain } => {
                keys.push(Any::from_der(&sealed.bytes)?);
                let id =
                    sealed.local_key_id.as_ref().map(|id| attribute(LOCAL_KEY_ID, &OctetString::new(id.as_slice())?));
                let own = id.transpose()?.into_iter().chain([name(&entry.alias)?]);
                if let Some((leaf, authorities)) = chain.split_first() {
                    certificates.push(certificate(leaf, own)?);
                    for authority in authorities.iter().filter(|authority| written.insert(authority)) {
                        certificates.push(certificate(authority, [])?);
                    }
                }
            }
            Content::SecretKey { sealed } => keys.push(Any::from_der(&sealed.bytes)?),
        }
    }
    for der in &store.unnamed {
        certificates.push(certificate(der, [])?);
    }
    for der in &store.pkcs12.others {
        keys.push(Any::from_der(der)?);
    }
    Ok((certificates, keys))
}

/// The certificate of a key.
fn own_certificate(entry: &Entry) -> Option<&[u8]> {
    match &entry.content {
        Content::PrivateKey { chain, .. } => chain.first().map(Vec::as_slice),
        _ => None,
    }
}

fn certificate(der: &[u8], attributes: impl IntoIterator<Item = Attribute>) -> der::Result<Any> {
    let bag = CertBag { cert_id: X509_CERTIFICATE, cert_value: OctetString::new(der)? };
    let mut bag_attributes = Attributes::new();
    attributes.into_iter().try_for_each(|attribute| bag_attributes.insert(attribute))?;
    let bag_attributes = (!bag_attributes.is_empty()).then_some(bag_attributes);
    let bag = SafeBag { bag_id: CERTIFICATE_BAG, bag_value: bag.to_der()?, bag_attributes };
    Any::from_der(&bag.to_der()?)
}

fn name(alias: &str) -> der::Result<Attribute> {
    attribute(FRIENDLY_NAME, &BmpString::from_utf8(alias)?)
}

fn attribute(oid: ObjectIdentifier, value: &impl der::Encode) -> der::Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::from_iter([Any::from_der(&value.to_der()?)?])? })
}

fn data(content: Vec<u8>) -> der::Result<ContentInfo> {
    Ok(ContentInfo { content_type: DATA, content: Any::encode_from(&OctetString::new(content)?)? })
}

fn clear(bags: Vec<Any>) -> der::Result<ContentInfo> {
    data(bags.to_der()?)
}

fn encrypted(bags: Vec<Any>, password: &str) -> Result<ContentInfo, WriteError> {
    let iterations = ITERATIONS.unsigned_abs();
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(iterations, &random::<20>()?, random()?)
        .map_err(WriteError::Encryption)?;
    let encrypted = parameters.encrypt(password, &bags.to_der()?).map_err(WriteError::Encryption)?;
    let data = EncryptedData {
        version: CmsVersion::V0,
        enc_content_info: EncryptedContentInfo {
            content_type: DATA,
            content_enc_alg: AlgorithmIdentifierOwned { oid: PBES2, parameters: Some(Any::encode_from(&parameters)?) },
            encrypted_content: Some(OctetString::new(encrypted)?),
        },
        unprotected_attrs: None,
    };
    Ok(ContentInfo { content_type: ENCRYPTED_DATA, content: Any::encode_from(&data)? })
}

pub(super) fn mac(content: &[u8], password: &str) -> Result<MacData, WriteError> {
    let salt = random::<20>()?;
    let key = kdf::derive_key_utf8::<sha2::Sha256>(password, &salt, kdf::Pkcs12KeyType::Mac, ITERATIONS, 32)?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &zeroize::Zeroizing::new(key)), content);
    Ok(MacData {
        mac: DigestInfo {
            algorithm: AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Any::null()) },
            digest: OctetString::new(tag.as_ref())?,
        },
        mac_salt: OctetString::new(salt)?,
        iterations: ITERATIONS,
    })
}

fn random<const N: usize>() -> Result<[u8; N], WriteError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| WriteError::Randomness)?;
    Ok(bytes)
}
