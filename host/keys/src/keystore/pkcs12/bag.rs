//! The outer structure of a PKCS#12 file: its safes, and the bags of those that are in the clear.
//!
//! Bags are kept byte for byte, so that a key that is carried along stays exactly what it was.

use der::asn1::{BmpString, OctetString};
use der::oid::ObjectIdentifier;
use der::{Decode as _, Encode as _, ErrorKind, Reader as _, SliceReader};
use pkcs12::AuthenticatedSafe;
use pkcs12::pfx::Pfx;
use pkcs12::safe_bag::SafeBag;

use crate::keystore::error::StoreError;
use crate::keystore::limits::MAX_ENTRIES;

pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
pub(super) const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
pub(super) const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
pub(super) const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const SECRET_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.5");
pub(super) const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
pub(super) const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

/// Every entry has a bag, and every certificate of a chain.
const MAX_BAGS: usize = 4 * MAX_ENTRIES;

/// One bag.
pub(super) struct Bag {
    bag: SafeBag,
    der: Vec<u8>,
}

impl Bag {
    fn new(der: &[u8]) -> der::Result<Self> {
        Ok(Self { bag: SafeBag::from_der(der)?, der: der.to_vec() })
    }

    /// All bags of a safe, while they are not too many: a bag takes far more memory than bytes in the file.
    fn all(safe: &[u8]) -> der::Result<Vec<Self>> {
        let mut reader = SliceReader::new(safe)?;
        let bags = reader.sequence(|reader| {
            let mut bags = Vec::new();
            while !reader.is_finished() {
                if bags.len() >= MAX_BAGS {
                    return Err(der::Error::from(ErrorKind::Overlength));
                }
                bags.push(Self::new(reader.tlv_bytes()?)?);
            }
            Ok(bags)
        })?;
        reader.finish()?;
        Ok(bags)
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// The content with its explicit tag.
    pub(super) fn value(&self) -> &[u8] {
        &self.bag.bag_value
    }

    pub(super) fn is_certificate(&self) -> bool {
        self.bag.bag_id == CERTIFICATE_BAG
    }

    pub(super) fn is_shrouded_key(&self) -> bool {
        self.bag.bag_id == SHROUDED_KEY_BAG
    }

    pub(super) fn is_private_key(&self) -> bool {
        self.is_shrouded_key() || self.bag.bag_id == KEY_BAG
    }

    pub(super) fn is_secret(&self) -> bool {
        self.bag.bag_id == SECRET_BAG
    }

    pub(super) fn friendly_name(&self) -> Option<String> {
        Some(BmpString::from_der(&self.attribute(FRIENDLY_NAME)?).ok()?.to_string())
    }

    pub(super) fn local_key_id(&self) -> Option<Vec<u8>> {
        Some(OctetString::from_der(&self.attribute(LOCAL_KEY_ID)?).ok()?.into_bytes().into())
    }

    fn attribute(&self, oid: ObjectIdentifier) -> Option<Vec<u8>> {
        let attribute = self.bag.bag_attributes.as_ref()?.iter().find(|attribute| attribute.oid == oid)?;
        attribute.values.iter().next()?.to_der().ok()
    }
}

/// One safe of the file.
pub(super) enum Safe {
    /// Bags in the clear; keys among them are shrouded on their own.
    Clear(Vec<Bag>),
    /// An encrypted safe, DER of its `EncryptedData`.
    Encrypted(Vec<u8>),
}

/// The file.
pub(super) struct Safes {
    pub(super) safes: Vec<Safe>,
    mac_iterations: Option<i32>,
}

impl Safes {
    /// Reads the structure; nothing is decrypted, and nothing is allocated beyond a copy of the input.
    /// `detached_mac` has the iterations of a MAC that was taken out of the file.
    pub(super) fn from_der(bytes: &[u8], detached_mac: Option<i32>) -> Result<Self, StoreError> {
        Self::parse(bytes, detached_mac).map_err(|error| StoreError::Der(error.to_string()))
    }

    fn parse(bytes: &[u8], detached_mac: Option<i32>) -> der::Result<Self> {
        let pfx = Pfx::from_der(bytes)?;
        let mac_iterations = pfx.mac_data.map(|mac| mac.iterations).or(detached_mac);
        // Another type is signed with a public key; p12-keystore says so.
        if pfx.auth_safe.content_type != DATA {
            return Ok(Self { safes: Vec::new(), mac_iterations });
        }
        let content = pfx.auth_safe.content.decode_as::<OctetString>()?;
        let mut safes = Vec::new();
        for safe in AuthenticatedSafe::from_der(content.as_bytes())? {
            if safe.content_type == DATA {
                let content = safe.content.decode_as::<OctetString>()?;
                safes.push(Safe::Clear(Bag::all(content.as_bytes())?));
            } else if safe.content_type == ENCRYPTED_DATA {
                safes.push(Safe::Encrypted(safe.content.to_der()?));
            }
        }
        Ok(Self { safes, mac_iterations })
    }

    pub(super) fn has_mac(&self) -> bool {
        self.mac_iterations.is_some()
    }

    pub(super) fn mac_iterations(&self) -> Option<i32> {
        self.mac_iterations
    }

    /// The bags that are in the clear.
    pub(super) fn clear_bags(&self) -> impl Iterator<Item = &Bag> {
        self.safes.iter().flat_map(|safe| match safe {
            Safe::Clear(bags) => bags.as_slice(),
            Safe::Encrypted(_) => &[],
        })
    }
}
