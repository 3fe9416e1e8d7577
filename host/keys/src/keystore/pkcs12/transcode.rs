//! A PKCS#12 file in BER (RFC 7292 section 4), rewritten as DER before it is parsed.
//!
//! The MAC protects the octets as they are in the file. If these octets must be rewritten, the MAC is taken out and
//! verified over the original ones.

use std::borrow::Cow;

use aws_lc_rs::hmac;
use cms::content_info::ContentInfo;
use der::asn1::OctetString;
use der::oid::ObjectIdentifier;
use der::{Any, Decode as _, Encode as _};
use pkcs12::pfx::Pfx;
use pkcs12::{AuthenticatedSafe, MacData, kdf};
use zeroize::Zeroizing;

use super::bag::DATA;
use super::ber;
use crate::keystore::error::StoreError;

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// A file in DER.
pub(super) struct Transcoded<'a> {
    pub(super) der: Cow<'a, [u8]>,
    /// The MAC, if it does not fit the rewritten file.
    pub(super) mac: Option<DetachedMac>,
}

/// A MAC with the octets that it protects.
pub(super) struct DetachedMac {
    data: MacData,
    content: Vec<u8>,
}

/// Rewrites the file. Returns it as it is if it is DER, or no BER that can be rewritten: the parser then says why.
pub(super) fn to_der(bytes: &[u8]) -> Transcoded<'_> {
    let outer = ber::to_der(bytes).unwrap_or(bytes.into());
    match detached(&outer) {
        Ok(Some(transcoded)) => transcoded,
        _ => Transcoded { der: outer, mac: None },
    }
}

/// The file with its inner structure rewritten. Returns `None` if that is DER already.
fn detached(outer: &[u8]) -> der::Result<Option<Transcoded<'static>>> {
    let mut pfx = Pfx::from_der(outer)?;
    if pfx.auth_safe.content_type != DATA {
        return Ok(None);
    }
    let content = pfx.auth_safe.content.decode_as::<OctetString>()?.into_bytes().to_vec();
    let Some(Cow::Owned(safes)) = ber::to_der(&content) else { return Ok(None) };
    let inner = with_bags_in_der(&safes)?;
    pfx.auth_safe.content = Any::encode_from(&OctetString::new(inner)?)?;
    let mac = pfx.mac_data.take().map(|data| DetachedMac { data, content });
    Ok(Some(Transcoded { der: pfx.to_der()?.into(), mac }))
}

/// The safes, with the bags of those in the clear rewritten too.
fn with_bags_in_der(safes: &[u8]) -> der::Result<Vec<u8>> {
    let mut safes = AuthenticatedSafe::from_der(safes)?;
    safes.iter_mut().filter(|safe| safe.content_type == DATA).try_for_each(rewrite_bags)?;
    safes.to_der()
}

fn rewrite_bags(safe: &mut ContentInfo) -> der::Result<()> {
    let bags = safe.content.decode_as::<OctetString>()?;
    if let Some(Cow::Owned(bags)) = ber::to_der(bags.as_bytes()) {
        safe.content = Any::encode_from(&OctetString::new(bags)?)?;
    }
    Ok(())
}

impl DetachedMac {
    /// How many iterations its key derivation takes.
    pub(super) fn iterations(&self) -> i32 {
        self.data.iterations
    }

    /// Verifies the MAC (RFC 7292 section 5.1).
    pub(super) fn verify(&self, password: &str) -> Result<(), StoreError> {
        let (algorithm, key) = match self.data.mac.algorithm.oid {
            SHA1 => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.key::<sha1::Sha1>(password, 20)),
            SHA256 => (hmac::HMAC_SHA256, self.key::<sha2::Sha256>(password, 32)),
            SHA384 => (hmac::HMAC_SHA384, self.key::<sha2::Sha384>(password, 48)),
            SHA512 => (hmac::HMAC_SHA512, self.key::<sha2::Sha512>(password, 64)),
            _ => return Err(StoreError::Unsupported("an unknown MAC".to_owned())),
        };
        let key = Zeroizing::new(key.map_err(|_| StoreError::WrongPassword)?);
        let key = hmac::Key::new(algorithm, &key);
        hmac::verify(&key, &self.content, self.data.mac.digest.as_bytes()).map_err(|_| StoreError::WrongPassword)
    }

    fn key<D>(&self, password: &str, length: usize) -> der::Result<Vec<u8>>
    where
        D: sha2::Digest
            + sha2::digest::FixedOutputReset
            + sha2::digest::Update
            + sha2::digest::block_api::BlockSizeUser,
    {
        let salt = self.data.mac_salt.as_bytes();
        kdf::derive_key_utf8::<D>(password, salt, kdf::Pkcs12KeyType::Mac, self.data.iterations, length)
    }
}
