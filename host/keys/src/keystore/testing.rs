//! What the tests of this module share: certificates and entries.

use super::entry::{Content, Entry, SealedKey};
use crate::{KeyFamily, SigningKey, pem};

pub(super) const NOW: i64 = 1_800_000_000;

pub(super) fn certificate(name: &str) -> Vec<u8> {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let pem = key.self_signed_certificate(name, NOW - 1, NOW + 100_000_000).unwrap();
    pem::blocks(pem.as_bytes()).unwrap().remove(0).der.to_vec()
}

/// A private key entry, as JKS has them.
pub(super) fn key_entry(alias: &str) -> Entry {
    let sealed = SealedKey { bytes: vec![7; 100], local_key_id: None };
    let content = Content::PrivateKey { sealed, chain: vec![certificate(alias)] };
    Entry { alias: alias.to_owned(), content, created_millis: Some(1_234_567) }
}
